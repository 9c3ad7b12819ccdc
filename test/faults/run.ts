/**
 * npm run faults [-- IDS] [--seconds N] [--command "PROGRAM ARGS"]: the fault scenarios, each alone, with a table at the end; exits 1 when one does not hold.
 * Without --command the bundle is driven. Any daemon with the reference's flags can be.
 */
import { parseArgs } from 'node:util';
import { runScenario, SCENARIOS, type Outcome } from './scenarios.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, command: { type: 'string' } },
});
const chosen = SCENARIOS.filter(({ id }) => positionals.length === 0 || positionals.some((name) => id === name || id.startsWith(`${name}-`)));
if (chosen.length === 0) {
  console.error(`no such scenario. There are: ${SCENARIOS.map(({ id }) => id).join(' ')}`);
  process.exit(2);
}
const rows: Record<string, object> = {};
let failed = 0;
for (const [i, scenario] of chosen.entries()) {
  process.stdout.write(`${i + 1}/${chosen.length} ${scenario.id}: ${scenario.title} … `);
  const outcome = await runScenario(
    scenario,
    { seconds: Number(values.seconds) },
    values.command === undefined ? { isBundle: true } : { command: values.command.split(' ') },
  );
  if (outcome.problems.length > 0) failed++;
  rows[scenario.id] = rowOf(outcome);
  console.log(outcome.problems.length === 0 ? 'good' : `NOT good: ${outcome.problems.join('; ')}`);
}
console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, faults of ${values.seconds} s`);
console.table(rows);
process.exit(failed === 0 ? 0 : 1);

function rowOf({ offered, delivered, missing, duplicate, calls, drainedMs, peakRssMb, problems }: Outcome): object {
  return {
    offered,
    delivered,
    missing,
    duplicate,
    calls,
    'drained (s)': Number((drainedMs / 1000).toFixed(1)),
    'peak (MB)': Math.round(peakRssMb),
    good: problems.length === 0,
  };
}
