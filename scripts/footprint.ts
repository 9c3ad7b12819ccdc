/**
 * npm run footprint [-- --seconds N]: the idle cost of the bundle: time until its ports are open, resident memory,
 * share of a core, wake-ups.
 * npm run footprint -- --receivers [--rounds N]: what the receivers of spans add to it. In each round, daemons with and
 * without them run at the same time; the figures are medians of the rounds.
 * Linux only; the daemon sends to a closed port on loopback.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStats } from '../bench/process-stats.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    receivers: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
  },
});
const seconds = Number(values.seconds);
const PORTS = ['--bind', '127.0.0.1:0', '--bind-tcp', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
const DAEMON = ['daemon', '-n', 'us-east-1', '--endpoint', 'http://127.0.0.1:9'];
const RECEIVERS = ['--otlp-http', '--otlp-grpc', '--zipkin'];
const ENV = {
  PATH: process.env['PATH'],
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'example',
  // As in the image and the systemd unit.
  MALLOC_ARENA_MAX: '1',
};
/** Until the start-up has settled, with the collection that follows it. */
const SETTLE_MS = 5_000;

interface Footprint {
  readonly startMs: number;
  readonly residentMb: number;
  readonly corePercent: number;
  readonly wakeUpsPerSecond: number;
}

async function footprintOf(command: readonly string[]): Promise<Footprint> {
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
  await sleep(SETTLE_MS);
  const before = processStats(pid);
  await sleep(seconds * 1_000);
  const after = processStats(pid);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return {
    startMs,
    residentMb: after.residentMb,
    corePercent: (after.cpuUs - before.cpuUs) / seconds / 1e4,
    wakeUpsPerSecond: (after.wakeUps - before.wakeUps) / seconds,
  };
}

async function showModes(): Promise<void> {
  const rows: Record<string, object> = {};
  for (const command of [DAEMON, ['local']]) {
    const { startMs, residentMb, corePercent, wakeUpsPerSecond } = await footprintOf(command);
    rows[command[0]!] = {
      'start (ms)': startMs,
      'resident (MB)': residentMb,
      'core (%)': Number(corePercent.toFixed(3)),
      'wake-ups per s': Number(wakeUpsPerSecond.toFixed(2)),
    };
  }
  console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, idle for ${seconds} s`);
  console.table(rows);
}

async function showReceivers(rounds: number): Promise<void> {
  const variants = [[], ...RECEIVERS.map((flag) => [flag]), RECEIVERS];
  const measured: Footprint[][] = [];
  for (let round = 0; round < rounds; round++) {
    const commands = variants.map((flags) => [...DAEMON, ...flags.flatMap((flag) => [flag, '127.0.0.1:0'])]);
    measured.push(await Promise.all(commands.map(footprintOf)));
  }
  const rows = Object.fromEntries(
    variants.map((flags, i) => {
      const column = (value: (footprint: Footprint, without: Footprint) => number): number =>
        Number(median(measured.map((round) => value(round[i]!, round[0]!))).toFixed(2));
      return [
        flags.join(' ') || 'none',
        {
          'resident (MB)': column(({ residentMb }) => residentMb),
          'more than none (MB)': column((one, none) => one.residentMb - none.residentMb),
          'wake-ups per s': column(({ wakeUpsPerSecond }) => wakeUpsPerSecond),
        },
      ];
    }),
  );
  console.log(`node ${process.versions.node}, ${process.platform} ${process.arch}, medians of ${rounds} rounds`);
  console.table(rows);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

await (values.receivers ? showReceivers(Number(values.rounds)) : showModes());
