import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Frees old garbage too, such as the memory of large answers, which V8 counts for little: it takes some 30 ms of its thread. */
export function fullCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'major' });
}

/** V8's own, of the thread that asks. */
export function collector(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
