import { expect, test } from 'vitest';
import { summaryOf } from '../../bench/summary.ts';

test('one run is its own summary', () => {
  expect(summaryOf([{ offered: 1_000, lost: 3 }])).toEqual({ offered: 1_000, lost: 3 });
});

test('summarizes several runs: the medians, the mean loss, and how many lost nothing', () => {
  const runs = [
    { offered: 10_000, lost: 0, peakMb: 110 },
    { offered: 10_000, lost: 600, peakMb: 118 },
    { offered: 10_000, lost: 0, peakMb: 111 },
  ];
  expect(summaryOf(runs)).toEqual({ runs: 3, lossless: 2, offered: 10_000, lost: 200, peakMb: 111 });
  expect(summaryOf(runs.slice(0, 2))).toEqual({ runs: 2, lossless: 1, offered: 10_000, lost: 300, peakMb: 114 });
});

test('does not claim that nothing was lost if losses are not measured', () => {
  expect(summaryOf([{ residentMb: 80 }, { residentMb: 84 }])).toEqual({ runs: 2, residentMb: 82 });
});
