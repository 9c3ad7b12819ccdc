import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { monotonicMs, wallTimeOf } from '../../src/pipeline/clock.ts';

afterEach(() => void vi.useRealTimers());

test('a reading of another thread is between two readings of this one', async () => {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { monotonicMs } from ${JSON.stringify(new URL('../../src/pipeline/clock.ts', import.meta.url).href)};
    parentPort.postMessage(monotonicMs());`;
  const before = monotonicMs();
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [theirs] = (await once(worker, 'message')) as [number];
  expect(theirs).toBeGreaterThan(before);
  expect(theirs).toBeLessThan(monotonicMs());
});

test('the date of a moment stays the same as time passes, and moves when the clock is set', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  const at = monotonicMs();
  const shown = wallTimeOf(at);
  expect(shown).toBeCloseTo(1_800_000_000_000, 0);
  vi.advanceTimersByTime(60_000);
  expect(wallTimeOf(at)).toBe(shown);
  // What a reader subtracts from the time is how long ago it was, whatever was done to the clock.
  vi.setSystemTime(1_800_000_000_000 - 3_600_000);
  expect(Date.now() - wallTimeOf(at)).toBeCloseTo(60_000, 0);
});
