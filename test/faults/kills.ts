import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeBatch, parseName } from '../../src/batcher/spool/format.ts';
import { momentNow } from '../../src/batcher/spool/moment.ts';
import { Random } from '../fakes/random.ts';
import type { Harness } from './harness.ts';

const SEED = 16;

/**
 * Kills the daemon `times` times at random points of outages, recoveries and starts, with more load than its memory
 * holds.
 * Every segment that is seen in a finished file of the spool has to reach X-Ray in the end; each start has to find what
 * the files held.
 */
export async function killAndRestart(harness: Harness, times: number): Promise<number> {
  const random = new Random(SEED);
  const acknowledged = new Set<number>();
  for (let kill = 0; kill < times; kill++) {
    const isAway = random.next() < 0.7;
    harness.oracle.intercept = () => (isAway ? { status: 503 } : undefined);
    // More than 3 MB hold in all, so that the spool is written and read while the process dies.
    const loads = harness.load.steady(4_000, 0.3 + random.next());
    const lifeMs = random.next() * 1_300;
    await sleep(lifeMs);
    for (const n of spooledNumbers(harness.spoolFolder)) acknowledged.add(n);
    await harness.daemon.stop('SIGKILL');
    await loads;
    for (const n of spooledNumbers(harness.spoolFolder)) acknowledged.add(n);
    const found = spooledNumbers(harness.spoolFolder).length;
    harness.oracle.intercept = () => ({ status: 503 });
    await harness.restart();
    const { restored, imbalance } = await harness.ledger();
    if (restored !== found) throw new Error(`kill ${kill}: ${found} segments in the spool, ${restored} restored`);
    if (imbalance !== 0) throw new Error(`kill ${kill}: the identity is off by ${imbalance}`);
    harness.onProgress(`kill ${kill + 1} of ${times}: ${found} in the spool, ${acknowledged.size} acknowledged so far`);
  }
  harness.oracle.intercept = () => undefined;
  const drainedMs = await harness.settle();
  const lost = [...acknowledged].filter((n) => !harness.oracle.has(n));
  if (lost.length > 0) throw new Error(`${lost.length} of ${acknowledged.size} acknowledged segments are missing`);
  if (times >= 5 && acknowledged.size === 0) throw new Error('nothing was ever spooled: the scenario shows nothing');
  return drainedMs;
}

/** The numbers of all segments in finished files. */
export function spooledNumbers(folder: string): number[] {
  const numbers: number[] = [];
  for (const name of readdirSync(folder, { encoding: 'utf8', recursive: true })) {
    const entry = parseName(basename(name));
    if (typeof entry === 'string') continue;
    let file: Buffer;
    try {
      file = readFileSync(join(folder, name));
    } catch {
      // Sent, and removed, meanwhile.
      continue;
    }
    const segments = decodeBatch(file, entry, momentNow());
    if (!Array.isArray(segments)) throw new Error(`a finished file is not whole: ${name}`);
    for (const { chunk, start, end } of segments) {
      numbers.push(
        Number.parseInt(/^\{"id":"([0-9a-f]{16})"/.exec(chunk.toString('latin1', start, end))?.[1] ?? '', 16),
      );
    }
  }
  return numbers;
}
