import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Frees old garbage too, such as the memory of large answers, which V8 counts for little: it takes some 30 ms of its thread. */
export function fullCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'major' });
}

let collect: NodeJS.GCFunction | undefined;

/** V8's own, of the thread that asks. It comes with a context of its own, which takes half a megabyte: one for each thread. */
export function collector(): NodeJS.GCFunction {
  if (collect !== undefined) return collect;
  setFlagsFromString('--expose-gc');
  collect = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/** Calls `act` each time that the bytes it is told of are `limit` more than at the last time. */
export function everyBytes(limit: number, act: () => void): (bytes: number) => void {
  let bytes = 0;
  return (more) => {
    bytes += more;
    if (bytes < limit) return;
    bytes = 0;
    act();
  };
}

/**
 * Starts a thread, and resolves as `start` does; until then each new thread gets a young generation of 3 × `semiSpaceMb`. V8 reads its first size from a
 * flag when the thread makes its heap, and where it does not grow (`keepGenerationsSmall`) the first one stays.
 */
export async function withYoungGeneration<T>(semiSpaceMb: number, start: () => Promise<T>): Promise<T> {
  setFlagsFromString(`--min-semi-space-size=${semiSpaceMb}`);
  try {
    return await start();
  } finally {
    setFlagsFromString('--min-semi-space-size=0');
  }
}
