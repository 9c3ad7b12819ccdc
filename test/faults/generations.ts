import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockHolder } from '../../src/pipeline/file-lock.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { Random } from '../fakes/random.ts';
import type { Harness } from './harness.ts';
import { spooledNumbers } from './kills.ts';
import { ledgerOf } from './ledger.ts';

const SEED = 21;
/** A daemon looks for files of ended daemons every 10 s. */
const LOOK_MS = 10_000;
/** More than 3 MB of memory hold in two seconds. */
const RATE = 2_000;

/**
 * Three daemons after each other on one spool, during an outage, each beside the one before for a while. A living one
 * keeps its files, what a drained one leaves is counted by the next within one look, and all of them together have sent
 * what was offered, less what they count as lost.
 */
export async function threeGenerations(harness: Harness, seconds: number): Promise<number> {
  harness.oracle.intercept = () => ({ status: 503 });
  const warmUps = (await harness.ledger()).received;
  const ended: Awaited<ReturnType<Harness['ledger']>>[] = [];
  await harness.load.steady(RATE, seconds);
  for (let generation = 2; generation <= 3; generation++) {
    const before = await harness.surge();
    await harness.load.steady(RATE, seconds);
    const inherited = (await harness.ledger()).restored;
    if (inherited !== 0) throw new Error(`generation ${generation} took ${inherited} segments of a living daemon`);
    ended.push(ledgerOf(await before.metrics()));
    const folder = folderOf(before, harness.spoolFolder);
    await drain(before);
    const left = spooledNumbers(folder).length;
    if (left <= 0) throw new Error(`generation ${generation - 1} left nothing: the scenario shows nothing`);
    await eventually(
      async () => (await harness.ledger()).restored >= left,
      LOOK_MS * 1.5,
      `generation ${generation} restored fewer than ${left}`,
    );
    const { restored, imbalance } = await harness.ledger();
    if (imbalance !== 0) throw new Error(`the identity of generation ${generation} is off by ${imbalance}`);
    harness.onProgress(`generation ${generation} adopted ${restored}`);
  }
  harness.oracle.intercept = () => undefined;
  const drainedMs = await harness.settle();
  await harness.quiet();
  const last = await harness.ledger();
  const all = [...ended, last];
  const sum = (term: 'received' | 'sent' | 'dropped' | 'rejected' | 'unprocessed' | 'kernelDrops'): number =>
    all.reduce((total, each) => total + each[term], 0);
  const lost = sum('dropped') + sum('rejected') + sum('unprocessed') + sum('kernelDrops');
  const { offered } = harness.load;
  if (sum('sent') !== offered + warmUps - lost)
    throw new Error(`${offered + warmUps} offered, ${sum('sent')} sent by all, ${lost} lost by all`);
  const { missing } = harness.verdict();
  if (missing !== lost) throw new Error(`${missing} missing, ${lost} lost by all`);
  return drainedMs;
}

/**
 * Kills, or drains, the older of two daemons `times` times. What is seen in a finished file has to reach X-Ray in the
 * end.
 */
export async function killInTurn(harness: Harness, times: number): Promise<number> {
  const random = new Random(SEED);
  const acknowledged = new Set<number>();
  const see = (): void => {
    for (const n of spooledNumbers(harness.spoolFolder)) acknowledged.add(n);
  };
  for (let kill = 0; kill < times; kill++) {
    const isAway = random.next() < 0.7;
    harness.oracle.intercept = () => (isAway ? { status: 503 } : undefined);
    await harness.load.steady(RATE, 0.5 + random.next());
    const before = await harness.surge();
    const loads = harness.load.steady(RATE, 0.3 + random.next());
    await sleep(random.next() * 1_300);
    see();
    if (random.next() < 0.3) await drain(before);
    else await before.stop('SIGKILL');
    await loads;
    see();
    const { imbalance } = await harness.ledger();
    if (imbalance !== 0) throw new Error(`kill ${kill}: the identity is off by ${imbalance}`);
    harness.onProgress(`kill ${kill + 1} of ${times}: ${acknowledged.size} acknowledged so far`);
  }
  harness.oracle.intercept = () => undefined;
  const startMs = performance.now();
  const missing = (): number[] => [...acknowledged].filter((n) => !harness.oracle.has(n));
  await eventually(() => missing().length === 0, LOOK_MS * 3).catch(() => {});
  const drainedMs = performance.now() - startMs;
  await harness.quiet();
  const lost = missing();
  if (lost.length > 0) throw new Error(`${lost.length} of ${acknowledged.size} acknowledged segments are missing`);
  if (acknowledged.size === 0) throw new Error('nothing was ever spooled: the scenario shows nothing');
  return drainedMs;
}

/** The folder that a daemon holds the lock of. */
function folderOf({ pid }: DaemonProcess, spool: string): string {
  const name = readdirSync(spool).find((each) => lockHolder(join(spool, each, 'owner.lock')) === pid);
  if (name === undefined) throw new Error(`pid ${pid} has no folder in ${spool}`);
  return join(spool, name);
}

async function drain(daemon: DaemonProcess): Promise<void> {
  const { code } = await daemon.stop('SIGTERM');
  if (code !== 0) throw new Error(`exit code ${String(code)}`);
  const lost = daemon.log.at(-1)?.['lost'];
  if (lost !== 0) throw new Error(`a drained daemon lost ${String(lost)}`);
}
