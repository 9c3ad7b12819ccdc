import { lengthOf, SORT_KEYS, statusRank, type SortKey, type TraceRow } from '../../../src/api/page-types.ts';
import { nowSeconds } from '../wall-clock.ts';

export interface Sort {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** `-duration` is longest first; "" is newest first. */
export function sortOf(text: string): Sort {
  const name = text.replace(/^-/, '');
  const key = SORT_KEYS.find((each) => each === name);
  return key === undefined ? { key: 'start', isDescending: true } : { key, isDescending: text.startsWith('-') };
}

/**
 * `rows` are sorted by newest, and returned unchanged for that order. `at`: current time, for the duration of running
 * traces.
 */
export function sorted(rows: readonly TraceRow[], { key, isDescending }: Sort, at = nowSeconds()): readonly TraceRow[] {
  if (key === 'start') return isDescending ? rows : rows.toReversed();
  const sign = isDescending ? -1 : 1;
  const value = VALUES[key];
  // Each value is computed once: sorting 100,000 rows compares more than a million times.
  const values = rows.map((row) => value(row, at));
  const order = rows
    .map((_, i) => i)
    .sort((a, b) => {
      const [x, y] = [values[a]!, values[b]!];
      return x === y ? a - b : x < y ? -sign : sign;
    });
  return order.map((i) => rows[i]!);
}

const VALUES: Readonly<Record<Exclude<SortKey, 'start'>, (row: TraceRow, at: number) => string | number>> = {
  name: (row) => row.url ?? row.name,
  services: (row) => row.serviceCount,
  status: (row) => statusRank(row.outcome, row.status),
  duration: (row, at) => lengthOf(row, at) ?? -1,
  spans: (row) => row.spans,
};
