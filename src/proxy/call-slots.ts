/** Bounds calls that go on at one time; others wait in the order in which they came, for `maxWaitMs` each, and those beyond `maxWaiting` are refused. */
export class CallSlots {
  readonly #maxCalls: number;
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  /** Each starts one call that waits. */
  readonly #waiting = new Set<() => void>();
  #calls = 0;

  constructor({ maxCalls, maxWaiting, maxWaitMs }: { maxCalls: number; maxWaiting: number; maxWaitMs: number }) {
    this.#maxCalls = maxCalls;
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** What `call` gives; `busy` when too many wait already, or its turn does not come in time; `aborted` when `signal` was aborted before its turn came. */
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
      this.#passOn();
    }
  }

  /** Undefined when a call that ended has left its slot to this one; what came first otherwise. */
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

  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void this.#calls--;
    this.#waiting.delete(next);
    next();
  }
}
