/** What was waited for has not ended in its time. */
export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what}: no answer within ${ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`}`);
    this.name = 'DeadlineError';
  }
}

let leftBehind = 0;

/** How many works have missed their deadline and not ended since: a thread may hang in each, and `process.exit` waits for threads. */
export function countLeftBehind(): number {
  return leftBehind;
}

/**
 * Waits for `work` for at most `ms`. Whatever is outside the process (a network, a disk, a child, another thread) is awaited through this,
 * `untilAborted`, or an exchange with a timeout of its own; docs/reliability.md lists each.
 * After `ms`, or when `signal` aborts, it rejects with a DeadlineError or the reason of the abort. `work` is told by the signal that it is given,
 * so that it can close its sockets and end its children; what becomes of it later is ignored.
 */
export async function within<T>(ms: number, what: string, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const abort = new AbortController();
  const { promise: end, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: unknown): void => {
    reject(reason);
    abort.abort(reason);
  };
  // Not unreferenced: a wait that nothing else keeps alive would end the process instead.
  const timer = setTimeout(() => giveUp(new DeadlineError(what, ms)), ms);
  const onAbort = (): void => giveUp(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  const working = work(abort.signal);
  try {
    return await Promise.race([working, end]);
  } catch (error) {
    if (abort.signal.aborted) leave(working);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

export const ABORTED = Symbol('aborted');

/** `work`, or ABORTED as soon as `signal` aborts. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | typeof ABORTED> {
  const { promise, resolve } = Promise.withResolvers<typeof ABORTED>();
  const onAbort = (): void => resolve(ABORTED);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const result = await Promise.race([work, promise]);
    if (result === ABORTED) leave(work);
    return result;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function leave(work: Promise<unknown>): void {
  leftBehind++;
  void work.catch(() => {}).finally(() => leftBehind--);
}
