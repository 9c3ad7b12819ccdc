/** The time range of a chart, in seconds since the epoch, and how many traces started before and after it. */
export interface ShownTimes {
  readonly from: number;
  readonly to: number;
  readonly older: number;
  readonly newer: number;
  /** Traces after the range are in the future: some clock is wrong. */
  readonly isFuture: boolean;
}

export interface TimeChoice {
  /** From the search. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Whether to show all times, however long ago. */
  readonly isAll: boolean;
  readonly now: number;
}

const HOUR = 3_600;
/** A later start cannot be explained by small clock differences. */
const FUTURE_SECONDS = 60;

/**
 * The last hour with traces, or the range of the search: a single trace of last week, or from a wrong clock, must not
 * compress all others into one column. The user can ask for all times. Shared by the page, for the traces it has, and
 * the store, for all matches.
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
