/** Seconds since the epoch, for display and queries. Intervals use `performance.now()`. */
export function nowSeconds(): number {
  return Date.now() / 1000;
}

/** The last date that JavaScript supports, ms. */
const LAST_MS = 8.64e15;

/** Always a valid date: a trace may contain microseconds instead of seconds, and an address anything. */
export function dateOf(seconds: number): Date {
  return new Date(Number.isNaN(seconds) ? 0 : Math.max(-LAST_MS, Math.min(LAST_MS, seconds * 1000)));
}
