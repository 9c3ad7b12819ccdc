/**
 * npm run faults [-- IDS] [--seconds N] [--command "PROGRAM ARGS"]: the fault scenarios, each alone, with a table at
 * the end; exits 1 when one does not hold.
 * Without --command the bundle is driven. Any daemon with the reference's flags can be, through the scenarios that ask
 * for nothing of xrayd's own.
 */
import { parseArgs } from 'node:util';
import { NOT_RUN, runScenario, type Outcome, type Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, command: { type: 'string' } },
});
const isOther = values.command !== undefined;
const isNamed = ({ id }: Scenario): boolean =>
  positionals.length === 0 || positionals.some((name) => id === name || id.startsWith(`${name}-`));
const chosen = SCENARIOS.filter(
  (scenario) => isNamed(scenario) && !(isOther && (scenario.isOurs === true || scenario.config !== undefined)),
);
if (chosen.length === 0) {
  console.error(`no such scenario. There are: ${SCENARIOS.map(({ id }) => id).join(' ')}`);
  process.exit(2);
}
const rows: Record<string, object> = {};
let failed = 0;
for (const [i, scenario] of chosen.entries()) {
  const startMs = performance.now();
  const say = (text: string): void => void process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${text}` : '');
  const title = `${i + 1}/${chosen.length} ${scenario.id}: ${scenario.title}`;
  const onProgress = (line: string): void =>
    say(`${title} … ${Math.round((performance.now() - startMs) / 1000)} s ${line}`);
  say(title);
  const outcome = await runScenario(
    scenario,
    { seconds: Number(values.seconds), isFull: true },
    values.command === undefined ? {} : { command: values.command.split(' ') },
    onProgress,
  ).catch((error: unknown) => failedWith(String(error)));
  if (outcome.problems.length > 0) failed++;
  rows[scenario.id] = rowOf(outcome);
  say('');
  console.log(`${title}: ${verdictOf(outcome)}`);
}
console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, faults of ${values.seconds} s`);
console.table(rows);
process.exit(failed === 0 ? 0 : 1);

function verdictOf({ problems, skipped }: Outcome): string {
  if (skipped !== undefined) return `SKIPPED: ${skipped}`;
  return problems.length === 0 ? 'good' : `NOT good: ${problems.join('; ')}`;
}

function failedWith(problem: string): Outcome {
  return { ...NOT_RUN, problems: [problem] };
}

function rowOf({
  offered,
  delivered,
  missing,
  duplicate,
  calls,
  drainedMs,
  slowestMs,
  peakRssMb,
  problems,
}: Outcome): object {
  return {
    offered,
    delivered,
    missing,
    duplicate,
    calls,
    'drained (s)': Number((drainedMs / 1000).toFixed(1)),
    ...(slowestMs === undefined ? {} : { 'slowest (s)': Number((slowestMs / 1000).toFixed(1)) }),
    'peak (MB)': Math.round(peakRssMb),
    good: problems.length === 0,
  };
}
