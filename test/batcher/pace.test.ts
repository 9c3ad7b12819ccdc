import { expect, test } from 'vitest';
import { Pace } from '../../src/batcher/pace.ts';

const pace = (ceiling = 16): Pace => new Pace(ceiling, () => 0.999);
const fail = (one: Pace, code: string, times = 1): void => {
  for (let i = 0; i < times; i++) one.failed(code, undefined, 0, false);
};

test('halves the calls when X-Ray throttles or times out, not for other failures', () => {
  for (const [code, calls] of [
    ['throttled', 8],
    ['timeout', 8],
    ['http_500', 16],
  ] as const) {
    const one = pace();
    fail(one, code);
    expect([code, one.concurrency]).toEqual([code, calls]);
  }
});

test('comes back by about one call a round, and never above the ceiling', () => {
  const one = pace();
  fail(one, 'throttled', 10);
  one.answered();
  expect(one.concurrency).toBe(2);
  let answers = 1;
  while (one.concurrency < 16) {
    one.answered();
    answers++;
  }
  expect(answers).toBeGreaterThan(100);
  for (let i = 0; i < 100; i++) one.answered();
  expect(one.concurrency).toBe(16);
});

test('one call probes in an outage, after a pause that grows to five seconds', () => {
  const one = pace();
  fail(one, 'connection_refused');
  expect([one.isOutage, one.pausedUntilMs]).toEqual([false, 0]);
  fail(one, 'connection_refused');
  expect([one.isOutage, one.concurrency, one.pausedUntilMs]).toEqual([true, 1, 200]);
  fail(one, 'connection_refused', 20);
  expect(one.pausedUntilMs).toBe(4_995);
  expect(one.problem).toBe('the last 22 calls failed: connection_refused');
  one.answered();
  expect([one.isOutage, one.concurrency, one.pausedUntilMs, one.problem]).toEqual([false, 16, 0, undefined]);
});

test('waits as long as X-Ray asks, and little while the daemon stops', () => {
  const one = pace();
  one.failed('throttled', 3_000, 1_000, false);
  expect(one.pausedUntilMs).toBe(4_000);
  const stopping = pace();
  for (let i = 0; i < 20; i++) stopping.failed('http_503', undefined, 0, true);
  expect(stopping.pausedUntilMs).toBeLessThanOrEqual(250);
});
