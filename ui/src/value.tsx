import type { ComponentChildren } from 'preact';
import { startValueSearch, type ValueSearch } from './search.ts';

type Where = { readonly condition: string } | { readonly valueSearch: ValueSearch };

/** A value that can be searched for: a click adds it to the search, Alt-click excludes it. */
export function Value({
  children,
  label,
  ...where
}: Where & { readonly children: ComponentChildren; readonly label?: string }) {
  const valueSearch: ValueSearch = 'valueSearch' in where ? where.valueSearch : { condition: where.condition };
  return (
    <button
      type="button"
      class="value"
      title={
        valueSearch.condition === undefined
          ? `Search the text ${valueSearch.text}`
          : `Search ${valueSearch.condition}\nAlt-click: leave it out`
      }
      aria-label={label}
      onClick={(event) => {
        event.preventDefault();
        event.stopPropagation();
        startValueSearch(valueSearch, event.altKey);
      }}
    >
      {children}
    </button>
  );
}
