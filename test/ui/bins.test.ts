import './browser-globals.ts';
import { expect, test } from 'vitest';
import { binsOf } from '../../ui/src/traces/chart-scale.ts';
import { traceRow } from './trace-row.ts';

test('similar durations fill several bars, and the last bar is not far above the longest duration', () => {
  const rows = [1.86, 1.87, 1.9, 1.93, 1.96].map((duration, i) => traceRow(String(i), 100, { duration }));
  const { bins, secondsAt } = binsOf(rows, 200);
  expect(bins.filter(({ total }) => total > 0).length).toBeGreaterThanOrEqual(3);
  expect(secondsAt(200)).toBeLessThan(1.96 * 1.3);
});
