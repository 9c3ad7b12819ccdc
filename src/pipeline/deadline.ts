/** An operation did not finish in time. */
export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what}: no answer within ${ms < 1000 ? `${ms} ms` : `${Math.round(ms / 100) / 10} s`}`);
    this.name = 'DeadlineError';
  }
}

let leftBehind = 0;

/**
 * How many operations missed their deadline and are still running: each may block a thread, and `process.exit` waits
 * for threads.
 */
export function countLeftBehind(): number {
  return leftBehind;
}

/**
 * Waits for `work` for at most `ms`. Every wait on something outside the process (a network, a disk, a child process,
 * another thread) goes through this, `untilAborted`, or a request with its own timeout; docs/reliability.md lists them
 * all.
 * After `ms` it rejects with a DeadlineError; when `signal` aborts, with the reason of the abort. The signal passed to
 * `work` aborts too, so that `work` can close its sockets and end its children. Its later result is ignored.
 */
export async function within<T>(
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const abort = new AbortController();
  const { promise: end, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: unknown): void => {
    reject(reason);
    abort.abort(reason);
  };
  // Not unreferenced: if nothing else kept the process alive, it would end instead of waiting.
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

/** The result of `work`, or ABORTED as soon as `signal` aborts. */
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
