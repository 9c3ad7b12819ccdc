import { signal } from '@preact/signals';
import { store, stored } from '../settings.ts';

export interface SavedFilter {
  readonly name: string;
  readonly filter: string;
}

const KEY = 'xrayd.filters';

/** Kept in this browser, in the order in which they were saved. */
export const saved = signal<readonly SavedFilter[]>(stored<readonly SavedFilter[]>(KEY, []));

/** A name that is there already gets the new filter. */
export function save(name: string, filter: string): void {
  keep([...saved.value.filter((each) => each.name !== name), { name, filter }]);
}

export function forget(name: string): void {
  keep(saved.value.filter((each) => each.name !== name));
}

function keep(filters: readonly SavedFilter[]): void {
  saved.value = filters;
  store(KEY, filters);
}
