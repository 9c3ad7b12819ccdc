import { summaryOf, type Figures, type Summary } from './summary.ts';

/** Summaries by scenario and program. */
export type Results<M extends Figures<M>> = Record<string, Record<string, Summary<M>>>;

/** Measures a scenario with each program in turn, `runs` times, and prints each run. Resolves with the summaries. */
export async function measureInTurn<M extends Figures<M>>(
  scenario: string,
  programs: readonly string[],
  { runs, measure }: { readonly runs: number; readonly measure: (program: string, run: number) => Promise<M> },
): Promise<Record<string, Summary<M>>> {
  const measured = new Map(programs.map((program): [string, M[]] => [program, []]));
  for (let run = 1; run <= runs; run++) {
    for (const [program, all] of measured) {
      const one = await measure(program, run);
      all.push(one);
      console.log(`${scenario} ${program}: ${JSON.stringify(rounded(one))}`);
    }
  }
  return Object.fromEntries([...measured].map(([program, all]) => [program, summaryOf(all)]));
}

/** Prints the summaries as a table, below the conditions of the measurement. */
export function printTable<M extends Figures<M>>(results: Results<M>, machine: string, seconds: number): void {
  console.log(`${machine}; ${seconds} s each; sender and X-Ray (TLS, 20 ms) on the same cores`);
  const rows = Object.entries(results).flatMap(([name, by]) =>
    Object.entries(by).map(([program, one]) => [`${name} ${program}`, rounded(one)] as const),
  );
  console.table(Object.fromEntries(rows));
}

function rounded(figures: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]: [string, number]) => [
      key,
      Number(value.toPrecision(value < 10 ? 2 : 3)),
    ]),
  );
}
