import { readFileSync } from 'node:fs';
import { fullCollector } from '../pipeline/collector.ts';
import { returnFreedMemory } from '../pipeline/native.ts';
import { isMemoryScarce } from './memory-budget.ts';

/**
 * Above this share of the limit, garbage is collected. V8 counts it per thread and lets each heap grow on its own: three
 * heaps with a few megabytes of garbage each are what a limit of 128 MiB leaves.
 */
const SCARCE_SHARE = 0.6;

/**
 * What frees memory before a request that needs much: a collection in each thread, about 30 ms each, if the process
 * uses most of its limit. undefined where memory is not scarce.
 */
export function memoryReliefOf(
  limitBytes: number | undefined,
  threads: { collectGarbage(): Promise<void> },
  readBytes: () => number = anonymousBytes,
): (() => Promise<void>) | undefined {
  if (limitBytes === undefined || !isMemoryScarce(limitBytes)) return undefined;
  const collect = fullCollector();
  return async () => {
    if (readBytes() < limitBytes * SCARCE_SHARE) return;
    collect();
    await threads.collectGarbage();
    returnFreedMemory();
  };
}

/** Memory of this process that no file backs; 0 where the system does not tell. Source: proc_pid_status(5). */
function anonymousBytes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    return [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].reduce(
      (sum, [, kb]) => sum + Number(kb) * 1024,
      0,
    );
  } catch {
    return 0;
  }
}
