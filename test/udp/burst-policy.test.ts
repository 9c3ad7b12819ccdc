import { expect, test } from 'vitest';
import { BurstPolicy } from '../../src/udp/burst-policy.ts';

/**
 * How long a thread reads, in ms, when `perMs` datagrams come each millisecond after `backlog` that were waiting; it
 * looks every 0.01 ms.
 */
function readsFor({
  backlog,
  perMs,
  untilMs = Infinity,
}: {
  backlog: number;
  perMs: number;
  untilMs?: number;
}): number {
  const policy = new BurstPolicy(1_000);
  let read = 0;
  for (let step = 1; step < 10_000; step++) {
    const ms = step / 100;
    const came = backlog + Math.floor(Math.min(ms, untilMs)) * perMs;
    const got = Math.min(500, came - read);
    read += got;
    if (!policy.readsOn(got, 1_000 + ms)) return ms;
  }
  throw new Error('it never ends');
}

test('does not wait after a few datagrams', () => {
  expect(readsFor({ backlog: 63, perMs: 0 })).toBe(0.02);
});

test('a burst may have gaps of less than 2 ms, and ends with a longer one', () => {
  expect(readsFor({ backlog: 600, perMs: 0 })).toBeCloseTo(2.02);
  const policy = new BurstPolicy(0);
  expect(policy.readsOn(500, 0.5)).toBe(true);
  expect(policy.readsOn(0, 2.4)).toBe(true);
  expect(policy.readsOn(10, 2.45)).toBe(true);
  expect(policy.readsOn(0, 4)).toBe(true);
  expect(policy.readsOn(0, 4.5)).toBe(false);
});

test('waits for more after as many datagrams as a small socket buffer holds', () => {
  expect(readsFor({ backlog: 185, perMs: 300, untilMs: 30 })).toBeCloseTo(32, 0);
});

test('reads a burst to its end', () => {
  expect(readsFor({ backlog: 500, perMs: 300, untilMs: 30 })).toBeCloseTo(32, 0);
});

test('steady load is not a burst: 600 behind at 40,000 per second, the thread catches up and sleeps', () => {
  expect(readsFor({ backlog: 600, perMs: 40 })).toBeLessThan(8);
});

test('lets the event loop run after 50 ms', () => {
  expect(readsFor({ backlog: 500, perMs: 300 })).toBe(50);
  expect(readsFor({ backlog: 10_000_000, perMs: 0 })).toBe(50);
});
