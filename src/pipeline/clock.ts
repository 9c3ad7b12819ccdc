/**
 * `performance.now()` counts from the start of its own thread; this offset makes readings comparable between threads.
 */
const THREAD_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();
/** Smaller differences come from reading two clocks and from NTP slewing; larger ones mean that the clock was set. */
const STEP_MS = 500;

let wallOffsetMs = NaN;

/**
 * Milliseconds on the system's monotonic clock, comparable between the threads of one process and meaningless outside
 * it.
 * Use it for every interval, age, delay, deadline and cache: setting the machine's clock does not affect it. It does
 * not advance during sleep.
 */
export function monotonicMs(): number {
  return performance.now() + THREAD_OFFSET_MS;
}

/**
 * Milliseconds since the epoch, for times that are shown, signed or stored. Never subtract two of them: the clock can
 * be set in between.
 */
export function wallClockMs(): number {
  return Date.now();
}

/**
 * Converts a monotonic time to ms since the epoch. Returns the same result for the same `atMs` until the clock is set.
 */
export function wallTimeOf(atMs: number): number {
  const offsetMs = wallClockMs() - monotonicMs();
  if (!(Math.abs(offsetMs - wallOffsetMs) < STEP_MS)) wallOffsetMs = offsetMs;
  return atMs + wallOffsetMs;
}

/** The date of `ms` since the epoch; by default, the current date. */
export function dateOf(ms: number = wallClockMs()): Date {
  return new Date(ms);
}

/** Parses a date into milliseconds since the epoch; NaN if the text is not a date. */
export function parseDate(text: string): number {
  return Date.parse(text);
}
