import type { Measured } from './scenarios.ts';

/** Summary of a scenario and daemon: the median of each figure, the mean loss, and how many runs lost nothing. */
export function summaryOf(runs: readonly Measured[]): Measured & { runs?: number; lossless?: number } {
  const [first, ...others] = runs;
  if (first === undefined || others.length === 0) return first ?? {};
  const keys = Object.keys(first) as (keyof Measured)[];
  const figures = keys.map((key): [string, number] => {
    const values = runs.flatMap((run) => run[key] ?? []);
    return [key, key === 'lost' ? mean(values) : median(values)];
  });
  const summary = { runs: runs.length, ...(Object.fromEntries(figures) as Measured) };
  return first.lost === undefined ? summary : { ...summary, lossless: runs.filter(({ lost }) => lost === 0).length };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
