/** Numbers by name; those that were not measured are absent. */
export type Figures<M> = { readonly [K in keyof M]?: number };

/** With several runs also their number, and how many of them lost nothing. */
export type Summary<M> = Partial<M> & { readonly runs?: number; readonly lossless?: number };

/** Summary of a scenario and program: the median of each figure, the mean loss, and how many runs lost nothing. */
export function summaryOf<M extends Figures<M>>(runs: readonly M[]): Summary<M> {
  const all = runs.map((run): Record<string, number> => Object.fromEntries(Object.entries(run)));
  const [first = {}] = all;
  const figures = Object.keys(first).map((key): [string, number] => {
    const values = all.flatMap((run) => run[key] ?? []);
    return [key, key === 'lost' ? mean(values) : median(values)];
  });
  const lossless = first['lost'] === undefined ? {} : { lossless: all.filter(({ lost }) => lost === 0).length };
  const counts = all.length === 1 ? {} : { runs: all.length, ...lossless };
  return { ...counts, ...Object.fromEntries(figures) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
