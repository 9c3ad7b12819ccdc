/**
 * Limits concurrent calls. Other calls wait in order of arrival for up to `maxWaitMs`; if `maxWaiting` calls wait
 * already, more are refused.
 */
export class CallSlots {
  readonly #maxCalls: number;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** Each entry starts one waiting call. */
  readonly #waiting = new Set<() => void>();
  #calls = 0;

  constructor({ maxCalls, maxWaiting, maxWaitMs }: { maxCalls: number; maxWaiting: number; maxWaitMs: number }) {
    this.#maxCalls = maxCalls;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Runs `call`. `busy`: too many calls wait, or it got no slot in time; `aborted`: `signal` aborted before it got a
   * slot.
   */
  async run<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T | 'busy' | 'aborted'> {
    if (signal.aborted) return 'aborted';
    if (this.#calls < this.#maxCalls) this.#calls++;
    else if (this.#waiting.size >= this.#maxWaiting) return 'busy';
    else {
      const problem = await this.#turn(signal);
      if (problem !== undefined) return problem;
    }
    try {
      return await call();
    } finally {
      this.#releaseSlot();
    }
  }

  /** Resolves with undefined once an ended call has passed its slot to this one; otherwise with the reason. */
  #turn(signal: AbortSignal): Promise<'busy' | 'aborted' | undefined> {
    const { promise, resolve } = Promise.withResolvers<'busy' | 'aborted' | undefined>();
    const settle = (problem: 'busy' | 'aborted' | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      this.#waiting.delete(start);
      resolve(problem);
    };
    const start = (): void => settle(undefined);
    const giveUp = (): void => settle('aborted');
    const timer = setTimeout(() => settle('busy'), this.#maxWaitMs);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiting.add(start);
    return promise;
  }

  #releaseSlot(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void this.#calls--;
    this.#waiting.delete(next);
    next();
  }
}
