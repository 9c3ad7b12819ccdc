/** `performance.now()` counts from the start of its own thread; the offset makes the readings of all threads comparable. */
const THREAD_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();
/** Differences below this are the precision of two readings and the slewing of NTP; above it somebody set the clock. */
const STEP_MS = 500;

let wallOffsetMs = NaN;

/**
 * Milliseconds on the system's monotonic clock, comparable between the threads of one process and meaningless outside it.
 * For every interval, age, pause, deadline and cache: setting the machine's clock does not move it. It stands still while the machine sleeps.
 */
export function monotonicMs(): number {
  return performance.now() + THREAD_OFFSET_MS;
}

/** Milliseconds since the epoch, for what is shown, signed or stored. Never subtract two of them: the clock can be set between the readings. */
export function wallClockMs(): number {
  return Date.now();
}

/** When `atMs` of the monotonic clock was, by what the wall clock says now, in ms since the epoch. The same for the same `atMs` until the clock is set. */
export function wallTimeOf(atMs: number): number {
  const offsetMs = wallClockMs() - monotonicMs();
  if (!(Math.abs(offsetMs - wallOffsetMs) < STEP_MS)) wallOffsetMs = offsetMs;
  return atMs + wallOffsetMs;
}

/** The date of `ms` since the epoch; of now when not given. */
export function dateOf(ms: number = wallClockMs()): Date {
  return new Date(ms);
}

/** Milliseconds since the epoch of a date in text; NaN when it is none. */
export function parseDate(text: string): number {
  return Date.parse(text);
}
