import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { collector } from '../pipeline/collector.ts';

/** Until the credentials are there and the first connection stands, usually. */
const START_UP_MS = 2_000;

/**
 * Memory before speed of collection: V8 would let the young generation grow to 48 MB under load, and the old one to several times what lives in it.
 * Together 50 MB less after the drain of a full buffer (npm run faults -- R24-full), for no measurable CPU.
 */
export function keepGenerationsSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}

/** V8 lets the old generation grow by some 8 MB before it collects, unless it is told to prefer memory: 8 MB less in a flood (R19), for 3 % of its calls. */
export function preferMemory(isMemoryShort: boolean): void {
  setFlagsFromString(isMemoryShort ? '--optimize-for-size' : '--no-optimize-for-size');
}

/**
 * Maglev compiles what is hot, and the second optimizing compiler after it does not run: its own code and what it needs while it works are 6 MB
 * at 1,000 segments a second and 10 MB in a flood; what it compiles saves nothing at that rate and 8 % of the CPU at 10,000 (docs/performance.md).
 */
export function useOneCompiler(): void {
  setFlagsFromString('--no-turbofan');
}

/** Frees young garbage, such as the buffers that sockets were read into: a collection of the young generation, a millisecond. */
export function youngCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'minor' });
}

/** Gives back what only the start needed, 5 MB: V8 collects when the heap grows, and an idle daemon's never does. Takes 30 ms of the main thread. */
export async function returnStartUpMemory(): Promise<void> {
  await sleep(START_UP_MS, undefined, { ref: false });
  collector()({ type: 'major', flavor: 'last-resort' });
}
