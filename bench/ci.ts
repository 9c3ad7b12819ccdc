/**
 * npm run bench:ci [-- SCENARIOS] [--budgets FILE]: fails when the bundle has become slower, larger or lossier than
 * bench/budgets.json allows. Forty seconds, more when something is over.
 * A scenario over its budget is measured up to three times, and the best run counts: a busy machine rarely disturbs all
 * three.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Harness } from '../test/faults/harness.ts';
import { calibrationUs, overBudget, type Budgets, type Figures } from './gate.ts';
import { SCENARIOS } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { preload: { type: 'string' }, budgets: { type: 'string' }, tries: { type: 'string', default: '3' } },
});
const budgets = JSON.parse(readFileSync(values.budgets ?? new URL('budgets.json', import.meta.url), 'utf8')) as Budgets;
const SECONDS = 5;
const problems: string[] = [];
for (const name of Object.keys(budgets)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  let over: string[] = [];
  for (let attempt = 0; attempt < Number(values.tries); attempt++) {
    const figures = await measure(name);
    over = overBudget(name, figures, budgets);
    console.log(
      `${name}: ${JSON.stringify(figures, (_key, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value))}`,
    );
    if (over.length === 0) break;
    console.log(`over budget: ${over.join('; ')}`);
  }
  problems.push(...over);
}
console.log(
  problems.length === 0 ? 'every figure is within bench/budgets.json' : `over budget:\n${problems.join('\n')}`,
);
process.exit(problems.length === 0 ? 0 : 1);

async function measure(name: string): Promise<Figures> {
  const scenario = SCENARIOS.find((one) => one.name === name);
  if (scenario === undefined) throw new Error(`bench/budgets.json names no scenario: ${name}`);
  const before = calibrationUs();
  const harness = await Harness.start(values.preload === undefined ? {} : { preload: values.preload });
  try {
    const measured = await scenario.run(harness, SECONDS);
    const unitUs = Math.min(before, calibrationUs());
    return {
      ...measured,
      ...(measured.cpuUsPerSegment === undefined ? {} : { cpuRatio: measured.cpuUsPerSegment / unitUs }),
    };
  } finally {
    await harness.stop();
  }
}
