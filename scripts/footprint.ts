/**
 * npm run footprint [-- --seconds N]: the idle cost of the bundle: time until its ports are open, resident memory,
 * share of a core, wake-ups.
 * Linux only; the daemon sends to a closed port on loopback.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStats } from '../bench/process-stats.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(values.seconds);
const PORTS = ['--bind', '127.0.0.1:0', '--bind-tcp', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
const ENV = {
  PATH: process.env['PATH'],
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  // As in the image and the systemd unit.
  MALLOC_ARENA_MAX: '1',
};

const rows: Record<string, object> = {};
for (const command of [['daemon', '-n', 'us-east-1', '--endpoint', 'http://127.0.0.1:9'], ['local']]) {
  const child = spawn(process.execPath, ['dist/xrayd.cjs', ...command, ...PORTS], { env: ENV });
  const pid = child.pid!;
  const { promise: ready, resolve } = Promise.withResolvers<number>();
  const look = (chunk: Buffer): void => {
    const startMs = /"startMs":(\d+)/.exec(chunk.toString())?.[1];
    if (startMs !== undefined) resolve(Number(startMs));
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  const startMs = await ready;
  // Waits until the start-up has settled.
  await sleep(5_000);
  const before = processStats(pid);
  await sleep(seconds * 1_000);
  const after = processStats(pid);
  rows[command[0]!] = {
    'start (ms)': startMs,
    'resident (MB)': after.residentMb,
    'core (%)': Number(((after.cpuUs - before.cpuUs) / seconds / 1e4).toFixed(3)),
    'wake-ups per s': Number(((after.wakeUps - before.wakeUps) / seconds).toFixed(2)),
  };
  child.kill('SIGTERM');
}
console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, idle for ${seconds} s`);
console.table(rows);
