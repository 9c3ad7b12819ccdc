/**
 * npm run bench [-- NAMES] [--seconds N] [--runs N] [--against PATH] [--json FILE] [--chart FILE]: measures the bundle
 * and, scenario by scenario, another daemon with the reference's flags. Several runs alternate between the two, each
 * with a new process, and end with a summary.
 * CPU and memory are those of the daemon's process, from the kernel. Linux only.
 * npm run bench -- local: the local X-Ray (local.ts). npm run bench -- otlp: spans of OpenTelemetry (otlp/run.ts).
 * npm run bench -- ui: the page (test/page/bench.ts).
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Harness } from '../test/faults/harness.ts';
import { chartOf } from './chart.ts';
import { machineText } from './machine.ts';
import { measureInTurn, printTable, type Results } from './runs.ts';
import { SCENARIOS, type Measured, type Scenario } from './scenarios.ts';

if (process.argv[2] === 'local') await import('./local.ts');
if (process.argv[2] === 'otlp') await import('./otlp/run.ts');
// In test/page, because it needs the types of those tests.
if (process.argv[2] === 'ui') await import(new URL('../test/page/bench.ts', import.meta.url).href);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '15' },
    runs: { type: 'string', default: '1' },
    against: { type: 'string' },
    json: { type: 'string' },
    chart: { type: 'string' },
  },
});
const runs = Number(values.runs);
if (!(Number.isInteger(runs) && runs >= 1 && runs <= 1_000)) {
  console.error(`--runs ${values.runs}: a number from 1 to 1000`);
  process.exit(2);
}
const chosen = SCENARIOS.filter(({ name, isLong }) =>
  positionals.length === 0
    ? isLong === undefined
    : positionals.some((one) => name === one || name.startsWith(`${one}-`)),
);
if (chosen.length === 0) {
  console.error(`no such scenario. There are: ${SCENARIOS.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}

const daemons = new Map<string, string[] | undefined>([['xrayd', undefined]]);
if (values.against !== undefined) daemons.set(versionOf(values.against), values.against.split(' '));

const results: Results<Measured> = {};
for (const [i, scenario] of chosen.entries()) {
  const { name, title } = scenario;
  results[name] = await measureInTurn(name, [...daemons.keys()], {
    runs,
    measure: (daemon, run) => {
      const progress = `${i + 1}/${chosen.length} ${name}: ${title}, ${daemon}${runs === 1 ? '' : `, run ${run} of ${runs}`} …`;
      return measure(scenario, daemons.get(daemon), progress);
    },
  });
}
const machine = machineText();
printTable(results, machine, Number(values.seconds));
if (values.json !== undefined)
  writeFileSync(
    values.json,
    `${JSON.stringify({ machine, seconds: Number(values.seconds), results }, undefined, 2)}\n`,
  );
if (values.chart !== undefined) writeFileSync(values.chart, chartOf(results));
// Only keep-alive timers of the harness are left.
process.exit(0);

/** A new daemon; without `command`, the bundle. */
async function measure({ run }: Scenario, command: string[] | undefined, progress: string): Promise<Measured> {
  const say = (text: string): void => void (process.stdout.isTTY && process.stdout.write(`\r\u001b[K${text}`));
  say(progress);
  const harness = await Harness.start(command === undefined ? {} : { command });
  harness.onProgress = (line) => say(`${progress} ${line}`);
  try {
    return await run(harness, Number(values.seconds));
  } finally {
    say('');
    await harness.stop();
  }
}

function versionOf(program: string): string {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 5_000 }).trim().split('\n')[0] ?? program;
  } catch {
    return program;
  }
}
