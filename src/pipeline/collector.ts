import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Runs a full collection, which takes about 30 ms of its thread. It also frees old memory that V8 barely counts, such
 * as large responses.
 */
export function fullCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'major' });
}

let collect: NodeJS.GCFunction | undefined;

/**
 * V8's garbage collector of the calling thread. It needs a V8 context of its own, which takes half a megabyte, so each
 * thread creates one.
 */
export function collector(): NodeJS.GCFunction {
  if (collect !== undefined) return collect;
  setFlagsFromString('--expose-gc');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flag defines it
  collect = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** Calls `act` whenever another `limit` has been reported, of bytes or of whatever leaves garbage. */
export function afterEvery(limit: number, act: () => void): (more: number) => void {
  let sum = 0;
  return (more) => {
    sum += more;
    if (sum < limit) return;
    sum = 0;
    act();
  };
}

/**
 * Starts a thread and resolves when `start` does. Threads started meanwhile get a young generation of 3 ×
 * `semiSpaceMb`: V8 reads the initial size from a flag when it creates the thread's heap, and keeps it where the young
 * generation does not grow (`keepGenerationsSmall`).
 */
export async function withYoungGeneration<T>(semiSpaceMb: number, start: () => Promise<T>): Promise<T> {
  setFlagsFromString(`--min-semi-space-size=${semiSpaceMb}`);
  try {
    return await start();
  } finally {
    setFlagsFromString('--min-semi-space-size=0');
  }
}
