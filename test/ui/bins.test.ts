import './browser-globals.ts';
import { expect, test } from 'vitest';
import { binsOf } from '../../ui/src/traces/chart-scale.ts';

test('similar durations fill several bars, and the last bar is not far above the longest duration', () => {
  const plain = {
    start: 100,
    outcome: 'ok',
    status: 200,
    method: 'GET',
    url: 'http://a/b',
    name: 'web',
    type: null,
    services: ['web'],
  } as const;
  const rows = [1.86, 1.87, 1.9, 1.93, 1.96].map((duration, i) => ({
    ...plain,
    id: String(i),
    duration,
    serviceCount: 1,
    spans: 1,
    isOpen: false,
    isPartial: false,
    revision: 1,
  }));
  const { bins, secondsAt } = binsOf(rows, 200);
  expect(bins.filter(({ total }) => total > 0).length).toBeGreaterThanOrEqual(3);
  expect(secondsAt(200)).toBeLessThan(1.96 * 1.3);
});
