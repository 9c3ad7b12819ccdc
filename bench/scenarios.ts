import { setTimeout as sleep } from 'node:timers/promises';
import type { Harness } from '../test/faults/harness.ts';
import { machineTimes, processStats, type ProcessStats } from './process-stats.ts';
import type { Size } from './load/documents.ts';
import { Load } from './load/load.ts';
import { untilOpen } from './until-open.ts';

/** The figures of a scenario; those that it does not measure are absent. */
export interface Measured {
  readonly offered?: number;
  readonly lost?: number;
  /** CPU of all threads of the daemon's process per segment, in µs. */
  readonly cpuUsPerSegment?: number;
  /** Share of one core, in percent. */
  readonly corePercent?: number;
  readonly residentMb?: number;
  readonly peakMb?: number;
  /** From the sender to the last byte of the request at X-Ray, in ms. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly wakeUpsPerSecond?: number;
  readonly wakeUpsPerSegment?: number;
  /** PutTraceSegments calls per segment: 0.02 if every batch is full. */
  readonly callsPerSegment?: number;
  /** The highest rate of the ramp at which nothing was lost, in segments per second. */
  readonly losslessRate?: number;
  /** Of all cores together, at the last rate of the ramp: the machine is full at 100, with the sender and X-Ray's stand-in. */
  readonly machinePercent?: number;
  /** From the start of the process until its TCP port accepts a connection: the median of five, in ms. */
  readonly startUpMs?: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Runs only if it is named, because it takes long. */
  readonly isLong?: true;
  readonly run: (harness: Harness, seconds: number) => Promise<Measured>;
}

/** Compiled code and warm connections, as after a minute of work. */
const WARM_UP_SECONDS = 3;
const LARGE: Size = { bytes: 60_000, kind: 'utf8' };
const RAMP_SECONDS = 4;
const RAMP = [10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 80_000];
/** Share of the segments that may be lost: a ten-thousandth is one hiccup of a shared machine. */
const LOSS = 1e-4;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'start-up', title: 'five starts', run: startUp },
  { name: 'idle', title: 'nothing happens', run: idle },
  ...[100, 1_000, 4_000, 10_000].map((rate): Scenario => ({
    name: `steady-${rate}`,
    title: `${rate} segments of 1 KB a second`,
    run: steady(rate),
  })),
  { name: 'ramp', title: 'up to the first loss', run: ramp },
  ...[1_000, 3_000, 10_000].map((count): Scenario => ({
    name: `burst-${count}`,
    title: `${count} segments at once`,
    run: burst(count),
  })),
  { name: 'large', title: '200 segments of 60 KB a second', run: steady(200, { size: LARGE }) },
  { name: 'senders', title: '4,000 a second from 200 ports', run: steady(4_000, { sockets: 200 }) },
  {
    name: 'memory',
    title: '1,000 a second for 10 minutes',
    isLong: true,
    run: (harness) => steady(1_000)(harness, 600),
  },
];

async function startUp(harness: Harness): Promise<Measured> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    await harness.daemon.stop('SIGKILL');
    const startMs = performance.now();
    harness.respawn();
    await untilOpen(harness.port, 10_000);
    times.push(performance.now() - startMs);
  }
  return { startUpMs: times.sort((a, b) => a - b)[2]! };
}

async function idle({ daemon }: Harness, seconds: number): Promise<Measured> {
  await sleep(5_000);
  const before = processStats(daemon.pid);
  await sleep(seconds * 1000);
  const after = processStats(daemon.pid);
  return {
    corePercent: corePercentOf(before, after, seconds),
    residentMb: after.residentMb,
    peakMb: after.peakMb,
    wakeUpsPerSecond: (after.wakeUps - before.wakeUps) / seconds,
  };
}

function steady(rate: number, { size, sockets = 1 }: { size?: Size; sockets?: number } = {}): Scenario['run'] {
  return async (harness, seconds) => {
    const load = new Load(harness.port, { sockets });
    try {
      await load.steady(rate, WARM_UP_SECONDS, size);
      await arrive(harness, load);
      const delays: number[] = [];
      harness.oracle.delaysMs = delays;
      const warm = load.offered;
      const callsBefore = harness.oracle.uploads;
      const before = processStats(harness.daemon.pid);
      await load.steady(rate, seconds, size);
      const lost = await arrive(harness, load);
      const after = processStats(harness.daemon.pid);
      const offered = load.offered - warm;
      const callsPerSegment = (harness.oracle.uploads - callsBefore) / offered;
      return { offered, lost, callsPerSegment, ...costOf(before, after, offered, seconds), ...delaysOf(delays) };
    } finally {
      load.close();
    }
  };
}

async function ramp(harness: Harness): Promise<Measured> {
  let losslessRate = 0;
  let lost = 0;
  let full: Measured = {};
  await harness.load.steady(RAMP[0]!, WARM_UP_SECONDS);
  lost = await arrive(harness, harness.load);
  for (const rate of RAMP) {
    harness.onProgress(`${rate} a second`);
    const offeredBefore = harness.load.offered;
    const [before, machineBefore] = [processStats(harness.daemon.pid), machineTimes()];
    await harness.load.steady(rate, RAMP_SECONDS);
    const [after, machine] = [processStats(harness.daemon.pid), machineTimes()];
    full = {
      corePercent: corePercentOf(before, after, RAMP_SECONDS),
      machinePercent: (100 * (machine.busyMs - machineBefore.busyMs)) / (machine.allMs - machineBefore.allMs),
    };
    const lostNow = (await arrive(harness, harness.load)) - lost;
    lost += lostNow;
    if (lostNow > (harness.load.offered - offeredBefore) * LOSS) break;
    losslessRate = rate;
  }
  const { peakMb } = processStats(harness.daemon.pid);
  return { offered: harness.load.offered, lost, losslessRate, ...full, peakMb };
}

function burst(count: number): Scenario['run'] {
  return async (harness) => {
    await harness.load.burst(count);
    const lost = await arrive(harness, harness.load);
    return { offered: count, lost, peakMb: processStats(harness.daemon.pid).peakMb };
  };
}

/** Waits until everything has arrived, or nothing has for 2 s; resolves with the number of missing segments. */
async function arrive({ oracle }: Harness, load: Load): Promise<number> {
  let { delivered } = oracle.judge(load.offered);
  let quietMs = 0;
  while (delivered < load.offered && quietMs < 2_000) {
    await sleep(50);
    const now = oracle.judge(load.offered).delivered;
    quietMs = now > delivered ? 0 : quietMs + 50;
    delivered = now;
  }
  return load.offered - delivered;
}

/** Of one core. */
function corePercentOf(before: ProcessStats, after: ProcessStats, seconds: number): number {
  return (after.cpuUs - before.cpuUs) / seconds / 1e4;
}

function costOf(before: ProcessStats, after: ProcessStats, segments: number, seconds: number): Measured {
  return {
    cpuUsPerSegment: (after.cpuUs - before.cpuUs) / segments,
    corePercent: corePercentOf(before, after, seconds),
    residentMb: after.residentMb,
    peakMb: after.peakMb,
    wakeUpsPerSegment: (after.wakeUps - before.wakeUps) / segments,
  };
}

function delaysOf(delays: number[]): Measured {
  if (delays.length === 0) return {};
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]!;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
