/** Bounds calls that go on at one time; others wait in the order in which they came, and those beyond `maxWaiting` are refused. */
export class CallSlots {
  readonly #maxCalls: number;
  readonly #maxWaiting: number;
  /** Each starts one call that waits. */
  readonly #waiting = new Set<() => void>();
  #calls = 0;

  constructor(maxCalls: number, maxWaiting: number) {
    this.#maxCalls = maxCalls;
    this.#maxWaiting = maxWaiting;
  }

  /** What `call` gives; `busy` when too many wait already, `aborted` when `signal` was aborted before its turn came. */
  async run<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T | 'busy' | 'aborted'> {
    if (signal.aborted) return 'aborted';
    if (this.#calls < this.#maxCalls) this.#calls++;
    else if (this.#waiting.size >= this.#maxWaiting) return 'busy';
    else if (!(await this.#turn(signal))) return 'aborted';
    try {
      return await call();
    } finally {
      this.#passOn();
    }
  }

  /** True when a call that ended has left its slot to this one; false when `signal` came first. */
  #turn(signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const start = (): void => {
      signal.removeEventListener('abort', giveUp);
      resolve(true);
    };
    const giveUp = (): void => {
      this.#waiting.delete(start);
      resolve(false);
    };
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
