/** The times that a chart shows, in seconds since the epoch, and how many traces began before and after. */
export interface ShownTimes {
  readonly from: number;
  readonly to: number;
  readonly older: number;
  readonly newer: number;
  /** Those after are in the future: somebody's clock is wrong. */
  readonly isFuture: boolean;
}

export interface TimeChoice {
  /** Of the search. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** However long ago. */
  readonly isAll: boolean;
  readonly now: number;
}

const HOUR = 3_600;
/** What begins later than this from now on is no matter of clocks that differ a little. */
const FUTURE_SECONDS = 60;

/**
 * The last hour that has traces, or the range of the search: one trace of last week, or of a clock that is wrong, must not press all others into one
 * column. Whoever wants all of them says so. Shared by the page, for the traces that it has, and by the store, for all that match.
 */
export function shownTimes(starts: Iterable<number>, { from, to, isAll, now }: TimeChoice): ShownTimes {
  let [first, last, latest] = [Infinity, -Infinity, -Infinity];
  for (const start of starts) {
    first = Math.min(first, start);
    last = Math.max(last, start);
    if (start <= now + FUTURE_SECONDS) latest = Math.max(latest, start);
  }
  if (first > last) return { from: from ?? now - 60, to: to ?? now, older: 0, newer: 0, isFuture: false };
  if (to !== undefined) return { from: from ?? first, to, older: 0, newer: 0, isFuture: false };
  if (isAll) return { from: first, to: last, older: 0, newer: 0, isFuture: false };
  const isFuture = latest !== -Infinity && last > latest;
  const end = isFuture ? latest : last;
  const begin = from ?? end - HOUR;
  let [earliest, older, newer] = [end, 0, 0];
  for (const start of starts) {
    if (start > end) newer++;
    else if (start < begin) older++;
    else earliest = Math.min(earliest, start);
  }
  return { from: earliest, to: end, older, newer, isFuture };
}
