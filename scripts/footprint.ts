/**
 * npm run footprint [-- --seconds N]: what the bundle costs when nothing happens: time to its ports, resident memory, share of a core, wake-ups.
 * Linux only; the daemon sends to a closed port on loopback.
 */
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(values.seconds);
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const PORTS = ['--bind', '127.0.0.1:0', '--bind-tcp', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
const ENV = { PATH: process.env['PATH'], AWS_EC2_METADATA_DISABLED: 'true', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function wakeUps(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'));
  return threads.reduce((sum, status) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0), 0);
}

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
  // What the start leaves behind settles.
  await sleep(5_000);
  const before = { cpu: cpuSeconds(pid), wakes: wakeUps(pid) };
  await sleep(seconds * 1_000);
  const residentKb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  rows[command[0]!] = {
    'start (ms)': startMs,
    'resident (MB)': (residentKb * 1024) / 1e6,
    'core (%)': Number((((cpuSeconds(pid) - before.cpu) / seconds) * 100).toFixed(3)),
    'wake-ups per s': Number(((wakeUps(pid) - before.wakes) / seconds).toFixed(2)),
  };
  child.kill('SIGTERM');
}
console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, idle for ${seconds} s`);
console.table(rows);
