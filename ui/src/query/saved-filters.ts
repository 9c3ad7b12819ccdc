import { signal } from '@preact/signals';
import { isObject, textOf } from '../../../src/json/json.ts';
import { store, stored } from '../settings.ts';

export interface SavedFilter {
  readonly name: string;
  readonly filter: string;
  /** Text of the search; "" for none. */
  readonly text: string;
}

const KEY = 'xrayd.filters';

/** Stored in this browser, in the order in which they were saved. */
export const saved = signal<readonly SavedFilter[]>(filtersIn(stored(KEY)));

/** Ignores invalid entries. */
export function filtersIn(kept: unknown): SavedFilter[] {
  return (Array.isArray(kept) ? kept : []).filter(isObject).flatMap((each) => {
    const [name, filter = '', text = ''] = [each['name'], each['filter'], each['text']].map(textOf);
    return name === undefined || filter + text === '' ? [] : [{ name, filter, text }];
  });
}

/** Replaces a filter with the same name. */
export function save(added: SavedFilter): void {
  keep([...saved.value.filter(({ name }) => name !== added.name), added]);
}

/** Whether the filter equals `q` and `text` of an address. */
export function isSaved({ filter, text }: SavedFilter, q: string, words: string): boolean {
  return filter === q && text === words;
}

export function hrefOfSaved({ filter, text }: SavedFilter): string {
  const params = new URLSearchParams();
  if (filter !== '') params.set('q', filter);
  if (text !== '') params.set('text', text);
  return `/?${params.toString()}`;
}

export function forget(name: string): void {
  keep(saved.value.filter((each) => each.name !== name));
}

function keep(filters: readonly SavedFilter[]): void {
  saved.value = filters;
  store(KEY, filters);
}
