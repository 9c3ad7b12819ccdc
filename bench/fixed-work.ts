import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { named, type Figures } from './measured-local.ts';

/** About 4 ms. Works on numbers only, without allocation, so that no collection is included. */
const ITERATIONS = 4_000_000;

/**
 * CPU that the kernel accounts for one fixed piece of work in each of `threads` threads: median and maximum, in ms. The
 * difference is the machine's: its hypervisor, the granularity of its accounting, other threads in the caches.
 */
export async function fixedWork(threads: number, seconds: number): Promise<Figures> {
  const results = Array.from({ length: threads }, () =>
    once(new Worker(new URL(import.meta.url), { workerData: seconds }), 'message'),
  );
  const pieces = (await Promise.all(results)).flat(2) as number[];
  return named(
    'piece',
    pieces.sort((a, b) => a - b),
  );
}

if (!isMainThread) parentPort!.postMessage(piecesOf(workerData as number));

function piecesOf(seconds: number): number[] {
  const pieces: number[] = [];
  let sum = 0;
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs;) {
    const before = process.threadCpuUsage();
    for (let i = 0; i < ITERATIONS; i++) sum = (Math.imul(sum, 31) + i) | 0;
    const { user, system } = process.threadCpuUsage(before);
    pieces.push((user + system) / 1000);
  }
  // Used, so that the compiler keeps the loop.
  return sum === 0.5 ? [] : pieces;
}
