import { setImmediate } from 'node:timers/promises';

/** How often long scans pause, so that short queries need not wait for them. */
const SLICE_MS = 5;

/** The values of `source`, with pauses in which other queries are answered. */
export async function* slices<T>(source: Iterable<T>): AsyncGenerator<T> {
  let sinceMs = performance.now();
  for (const value of source) {
    yield value;
    if (performance.now() - sinceMs < SLICE_MS) continue;
    await setImmediate();
    sinceMs = performance.now();
  }
}
