import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rereading } from '../../ui/src/rereading.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const LEAST_MS = 100;

/** Each reading takes `costMs`; `at` has when each began. */
function rereading(costMs: number): { at: number[]; reading: Rereading } {
  const at: number[] = [];
  const startMs = performance.now();
  const read = async (): Promise<void> => {
    at.push(performance.now() - startMs);
    await new Promise((done) => setTimeout(done, costMs));
  };
  return { at, reading: new Rereading(read, LEAST_MS) };
}

test('reads the first change at once, and the next ones together after a pause', async () => {
  const { at, reading } = rereading(10);
  reading.changed();
  await vi.advanceTimersByTimeAsync(20);
  reading.changed();
  reading.changed();
  await vi.advanceTimersByTimeAsync(300);
  expect(at).toEqual([0, 110]);
});

test('reads again if something changes meanwhile, and pauses twice as long as a slow read took', async () => {
  const { at, reading } = rereading(200);
  void reading.now();
  await vi.advanceTimersByTimeAsync(50);
  reading.changed();
  reading.changed();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(at).toEqual([0, 600]);
});

test('reads nothing after stop, even if something changed meanwhile', async () => {
  const { at, reading } = rereading(200);
  void reading.now();
  await vi.advanceTimersByTimeAsync(50);
  reading.changed();
  reading.stop();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(at).toEqual([0]);
});
