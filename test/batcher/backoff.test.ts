import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { nextDelay } from '../../src/batcher/backoff.ts';

const CONFIG = { baseMs: 100, capMs: 5_000 };

test.each([
  [0, 1, 100],
  [3, 1, 800],
  [10, 1, 5_000],
  [1_000, 1, 5_000],
  [3, 0, 0],
  [3, 0.5, 400],
])('attempt %i with a random number of %d waits %i ms', (attempt, die, ms) => {
  expect(nextDelay(attempt, CONFIG, () => die)).toBe(ms);
});

test('is never longer than the maximum, and never shorter than the service asked for', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(60_000), (attempt, die, afterMs) => {
      const ms = nextDelay(attempt, CONFIG, () => die, afterMs);
      expect(ms).toBeGreaterThanOrEqual(afterMs);
      expect(ms).toBeLessThanOrEqual(Math.max(afterMs, CONFIG.capMs));
    }),
  );
});
