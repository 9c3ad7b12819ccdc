/** Seconds since the epoch, for what is shown and asked for. Intervals are `performance.now()`. */
export function nowSeconds(): number {
  return Date.now() / 1000;
}

/** JavaScript's last date. */
const LAST_MS = 8.64e15;

/** A date always: a trace may say microseconds for seconds, and an address anything. */
export function dateOf(seconds: number): Date {
  return new Date(Number.isNaN(seconds) ? 0 : Math.max(-LAST_MS, Math.min(LAST_MS, seconds * 1000)));
}
