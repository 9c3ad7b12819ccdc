import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { collector } from '../pipeline/collector.ts';
import { returnFreedMemory } from '../pipeline/native.ts';
import { MB } from '../pipeline/units.ts';

/** Usually long enough to find credentials and open the first connection. */
const START_UP_MS = 2_000;

/**
 * Trades collection speed for memory: by default V8 would let the young generation grow to 48 MB under load, and the
 * old one to several times its live size. Together this saves 50 MB after a full buffer has drained (npm run faults --
 * R24-full), for no measurable CPU.
 */
export function keepGenerationsSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}

/**
 * By default V8 lets the old generation grow by about 8 MB before it collects. This saves 8 MB in a flood (R19), for 3
 * % of its calls.
 */
export function preferMemory(isMemoryShort: boolean): void {
  setFlagsFromString(isMemoryShort ? '--optimize-for-size' : '--no-optimize-for-size');
}

/**
 * Maglev compiles hot code; this turns off the second optimizing compiler. Its code and working memory take 6 MB at
 * 1,000 segments/s and 10 MB in a flood; the code it compiles saves nothing at that rate, and 8 % of the CPU at
 * 10,000/s (docs/performance.md).
 */
export function useOneCompiler(): void {
  setFlagsFromString('--no-turbofan');
}

/** Bytes of the young generation that the spans of a few requests fit into, decoded and converted. */
const REQUEST_BYTES = 8 * MB;

/**
 * Lets the young generation grow until the objects of a request die in it. A request of 100 spans makes half a megabyte
 * of objects, and each collection of a smaller young generation copies most of them. Saves a third of the CPU per span
 * for 8 MB (npm run bench -- otlp). Called for each request of spans, because V8 may shrink the generation when nothing
 * happens; a call takes 2 µs.
 */
export function growYoungGeneration(): void {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const isLarge = young === undefined || young.space_size >= REQUEST_BYTES;
  setFlagsFromString(`--semi-space-growth-factor=${isLarge ? 1 : 2}`);
}

/**
 * Frees young garbage, such as the buffers of socket reads: a collection of the young generation takes a millisecond.
 */
export function youngCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'minor' });
}

const SWEEP_MS = 1_000;
/** How often memory that was freed goes back to the system; it takes some milliseconds. */
const RETURN_EVERY_MS = 60_000;

/**
 * Frees 5 MB that only the start needed: V8 collects when the heap grows, and that of an idle daemon never does. Takes
 * 30 ms of the main thread. From then on, memory that was freed goes back to the system every minute.
 */
export async function returnStartUpMemory(): Promise<void> {
  await sleep(START_UP_MS, undefined, { ref: false });
  collector()({ type: 'major', flavor: 'last-resort' });
  // V8's helper threads free memory after the collection.
  await sleep(SWEEP_MS, undefined, { ref: false });
  returnFreedMemory();
  setInterval(returnFreedMemory, RETURN_EVERY_MS).unref();
}
