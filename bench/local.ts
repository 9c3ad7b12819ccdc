/**
 * npm run bench -- local [--segments N] [--rate N] [--json FILE]: the local X-Ray, from the bundle. Fills a store at a steady rate, asks it the
 * questions of a page, then runs a small store that has to prune all the time. Linux only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  options: { segments: { type: 'string', default: '1000000' }, rate: { type: 'string', default: '20000' }, json: { type: 'string' } },
});
const segments = Number(values.segments);
const rate = Number(values.rate);
const folder = mkdtempSync(join(tmpdir(), 'xrayd-bench-'));
const results: Record<string, Figures> = {};
try {
  await withLocal(4_000, async (local) => {
    results[`ingest of ${segments}`] = await local.ingest(segments);
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
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${machineText()}; the sender on the same cores`);
for (const [name, measured] of Object.entries(results)) console.log(`${name}: ${JSON.stringify(measured)}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine: machineText(), results }, undefined, 2)}\n`);
process.exit(0);

async function withLocal(megabytes: number, work: (local: MeasuredLocal) => Promise<void>): Promise<void> {
  const file = join(folder, `traces-${megabytes}.db`);
  const args = ['local', '--data', file, '--data-size', String(megabytes)];
  const command = [process.execPath, '--import', LOOP_DELAY, BUNDLE];
  const daemon = await new DaemonProcess({ command, args }).ready();
  const local = new MeasuredLocal(daemon, file, rate);
  try {
    await work(local);
  } finally {
    local.close();
    await daemon.stop('SIGKILL');
  }
}
