import { expect, test } from 'vitest';
import { ConcurrencyLimiter } from '../../src/batcher/concurrency-limiter.ts';

const limiter = (ceiling = 16): ConcurrencyLimiter => new ConcurrencyLimiter(ceiling, () => 0.999);
const failure = { code: 'timeout', startedMs: 0, nowMs: 0, isDraining: false };
const fail = (one: ConcurrencyLimiter, code: string, times = 1): void => {
  for (let i = 0; i < times; i++) one.failed({ ...failure, code });
};

test('halves the calls if X-Ray throttles or times out, but not for other failures', () => {
  for (const [code, calls] of [
    ['throttled', 8],
    ['timeout', 8],
    ['http_500', 16],
  ] as const) {
    const one = limiter();
    fail(one, code);
    expect([code, one.concurrency]).toEqual([code, calls]);
  }
});

test('recovers by about one call per round, never beyond the maximum', () => {
  const one = limiter();
  fail(one, 'throttled', 10);
  one.answered(0);
  expect(one.concurrency).toBe(2);
  let answers = 1;
  while (one.concurrency < 16) {
    one.answered(0);
    answers++;
  }
  expect(answers).toBeGreaterThan(100);
  for (let i = 0; i < 100; i++) one.answered(0);
  expect(one.concurrency).toBe(16);
});

test('probes with one call in an outage, after a pause that grows to five seconds', () => {
  const one = limiter();
  fail(one, 'connection_refused');
  expect([one.isOutage, one.pausedUntilMs]).toEqual([false, 0]);
  fail(one, 'connection_refused');
  expect([one.isOutage, one.concurrency, one.pausedUntilMs]).toEqual([true, 1, 200]);
  fail(one, 'connection_refused', 20);
  expect(one.pausedUntilMs).toBe(4_995);
  expect(one.problem).toBe('the last 22 calls failed: connection_refused');
  one.answered(0);
  expect([one.isOutage, one.concurrency, one.pausedUntilMs, one.problem]).toEqual([false, 16, 0, undefined]);
});

test('waits as long as X-Ray asks, but only briefly while the daemon is stopping', () => {
  const one = limiter();
  one.failed({ ...failure, code: 'throttled', afterMs: 3_000, nowMs: 1_000 });
  expect(one.pausedUntilMs).toBe(4_000);
  const stopping = limiter();
  for (let i = 0; i < 20; i++) stopping.failed({ ...failure, code: 'http_503', isDraining: true });
  expect(stopping.pausedUntilMs).toBeLessThanOrEqual(250);
});

test('thirty concurrent calls that hang cause the first pause, not the thirtieth', () => {
  const one = limiter();
  for (let i = 0; i < 30; i++) one.failed({ ...failure, startedMs: i, nowMs: 5_000 + i });
  expect([one.isOutage, one.pausedUntilMs]).toEqual([true, 5_029 + 100]);
  one.failed({ ...failure, startedMs: 5_200, nowMs: 10_200 });
  expect(one.pausedUntilMs).toBe(10_200 + 200);
});
