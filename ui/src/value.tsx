import type { ComponentChildren } from 'preact';
import { openDoor, type Door } from './search.ts';

type Where = { readonly condition: string } | { readonly door: Door };

/** A value that can be searched for: click adds it to the query, alt-click leaves it out. */
export function Value({ children, label, ...where }: Where & { readonly children: ComponentChildren; readonly label?: string }) {
  const door: Door = 'door' in where ? where.door : { condition: where.condition };
  return (
    <button
      type="button"
      class="value"
      title={door.condition === undefined ? `Search the text ${door.text}` : `Search ${door.condition}\nAlt-click: leave it out`}
      aria-label={label}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        openDoor(door, event.altKey);
      }}
    >
      {children}
    </button>
  );
}
