import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { named, type Figures } from './measured-local.ts';

/** About 4 ms. Numbers only: nothing is allocated, so no collection is in it. */
const ITERATIONS = 4_000_000;

/**
 * CPU that the kernel's books charge for one piece of work, always the same, by `threads` at once: median and most, in ms. What the most has beyond
 * the median is the machine's: its hypervisor, the steps of its books, other threads in the caches.
 */
export async function fixedWork(threads: number, seconds: number): Promise<Figures> {
  const results = Array.from({ length: threads }, () => once(new Worker(new URL(import.meta.url), { workerData: seconds }), 'message'));
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
  // Read, so that the compiler keeps the loop.
  return sum === 0.5 ? [] : pieces;
}
