import type { ComponentChildren } from 'preact';
import { addCondition } from './search.ts';

/** A value that can be searched for: click adds it to the query, alt-click leaves it out. */
export function Value({ condition, children, label }: { condition: string; children: ComponentChildren; label?: string }) {
  return (
    <button
      type="button"
      class="value"
      title={`Search ${condition}\nAlt-click: leave it out`}
      aria-label={label}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        addCondition(condition, event.altKey);
      }}
    >
      {children}
    </button>
  );
}
