/** `performance.now()` counts from the start of its own thread; the offset makes the readings of all threads comparable. */
const THREAD_OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * Milliseconds on the system's monotonic clock, comparable between the threads of one process and meaningless outside it.
 * For every interval, age, pause, deadline and cache: setting the machine's clock does not move it.
 */
export function monotonicMs(): number {
  return performance.now() + THREAD_OFFSET_MS;
}

/** Milliseconds since the epoch, for what is shown, signed or stored. Never subtract two of them: the clock can be set between the readings. */
export function wallClockMs(): number {
  return Date.now();
}
