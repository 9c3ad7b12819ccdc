import { expect, test } from 'vitest';
import { ServiceClock } from '../../src/aws/service-clock.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toUTCString();

test.each<[status: number, date: string | undefined, isCorrected: boolean]>([
  [403, at(10), true],
  [403, at(-10), true],
  [400, at(10), true],
  [403, at(3), false],
  [200, at(10), false],
  [500, at(10), false],
  [403, undefined, false],
  [403, 'yesterday', false],
])('status %i with Date %j: the clock is corrected: %s', (status, date, isCorrected) => {
  expect(new ServiceClock(() => NOW).correct(status, date, NOW)).toBe(isCorrected);
});

test('continues from the corrected time, and corrects one skew once', () => {
  let nowMs = NOW;
  const clock = new ServiceClock(() => nowMs);
  expect(clock.correct(403, at(10), NOW)).toBe(true);
  nowMs += 1_000;
  expect(clock.nowMs()).toBe(NOW + 10 * 60_000 + 1_000);
  expect(clock.correct(403, at(10), clock.nowMs())).toBe(false);
  // The machine's clock was put right meanwhile.
  nowMs += 10 * 60_000;
  expect(clock.correct(403, new Date(nowMs).toUTCString(), clock.nowMs())).toBe(true);
  expect(Math.abs(clock.skewMs)).toBeLessThan(1_000);
});

test('signs each of several concurrent calls again, and corrects the clock once', () => {
  const clock = new ServiceClock(() => NOW);
  expect(clock.correct(403, at(60), NOW)).toBe(true);
  expect(clock.correct(403, at(60), NOW)).toBe(true);
  expect(clock.skewMs).toBe(60 * 60_000);
});
