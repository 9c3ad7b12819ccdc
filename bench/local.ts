/**
 * npm run bench -- local [--segments N] [--rate N] [--json FILE]: measures the bundle's local X-Ray. Fills a store at a
 * steady rate, runs the queries of the page, then fills a small store that must prune all the time. Linux only.
 * npm run bench -- local --against BUNDLE [--runs N]: only fills a store, alternating between this bundle and the
 * other, and prints the ratio of the CPU per segment: on a busy machine single times mean little, but pairs do.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DaemonProcess } from '../test/fakes/daemon-process.ts';
import { MeasuredLocal, type Figures } from './measured-local.ts';
import { fixedWork } from './fixed-work.ts';
import { machineText } from './machine.ts';

const BUNDLE = fileURLToPath(new URL('../dist/xrayd.cjs', import.meta.url));
const LOOP_DELAY = new URL('loop-delay.mjs', import.meta.url).href;

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    segments: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '20000' },
    json: { type: 'string' },
    against: { type: 'string' },
    runs: { type: 'string', default: '5' },
  },
});
const segments = Number(values.segments);
const rate = Number(values.rate);
const folder = mkdtempSync(join(tmpdir(), 'xrayd-bench-'));
const results: Record<string, Figures> = {};
try {
  if (values.against === undefined) await measure();
  else await compare(values.against, Number(values.runs));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${machineText()}; the sender on the same cores`);
for (const [name, measured] of Object.entries(results)) console.log(`${name}: ${JSON.stringify(measured)}`);
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine: machineText(), results }, undefined, 2)}\n`);
process.exit(0);

async function measure(): Promise<void> {
  await withLocal(4_000, async (local) => {
    await local.putFailures();
    results[`ingest of ${segments}`] = await local.ingest(segments);
    await local.putFailures();
    results['questions, idle'] = await local.questions();
    const load = local.steady(1_000, 30);
    results['questions, at 1,000 a second'] = await local.questions();
    await load;
    results['until readable'] = await local.untilReadable();
  });
  await withLocal(200, async (local) => {
    await local.ingest(Math.min(segments, 200_000));
    results['ingest while pruning'] = await local.ingest(Math.min(segments, 400_000));
  });
  results['the same fixed work, by 4 threads'] = await fixedWork(4, 30);
}

async function compare(other: string, runs: number): Promise<void> {
  const ratios: number[] = [];
  for (let run = 1; run <= runs; run++) {
    const costs = new Map<string, number>();
    // The second one runs on a warm machine.
    for (const bundle of run % 2 === 1 ? [other, BUNDLE] : [BUNDLE, other]) {
      await withLocal(
        4_000,
        async (local) => {
          const name = bundle === BUNDLE ? 'this' : 'other';
          results[`run ${run}, ${name}`] = await local.ingest(segments);
          costs.set(name, results[`run ${run}, ${name}`]!['cpuUsPerSegment']!);
        },
        bundle,
      );
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    }
    ratios.push(costs.get('this')! / costs.get('other')!);
  }
  ratios.sort((a, b) => a - b);
  results['CPU for each segment, this by the other'] = {
    least: ratios[0]!,
    median: ratios[ratios.length >> 1]!,
    most: ratios.at(-1)!,
  };
}

async function withLocal(
  megabytes: number,
  work: (local: MeasuredLocal) => Promise<void>,
  bundle = BUNDLE,
): Promise<void> {
  const file = join(folder, `traces-${megabytes}.db`);
  const args = ['local', '--data', file, '--data-size', String(megabytes)];
  const command = [process.execPath, '--import', LOOP_DELAY, bundle];
  const daemon = await new DaemonProcess({ command, args }).ready();
  const local = new MeasuredLocal(daemon, file, rate);
  try {
    await work(local);
  } finally {
    local.close();
    await daemon.stop('SIGKILL');
  }
}
