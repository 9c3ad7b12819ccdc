import { Worker } from 'node:worker_threads';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { messageOf } from '../pipeline/errors.ts';
import {
  bufferIn,
  type CallName,
  type Calls,
  type FromStoreWorker,
  type ToStoreWorker,
  type WorkerInput,
} from './messages.ts';
import { STORING_PROBLEMS, type Full } from '../store/written.ts';

/** The release build puts the worker's code here, so that the program remains a single file. */
declare const STORE_WORKER_SOURCE: string | undefined;

/** Too many calls are waiting already. */
export class StoreBusyError extends Error {}

/** Nothing of the call was stored, and nothing will be `until` the cause is gone. The message is SQLite's. */
export class StoreFullError extends Error {
  readonly problem: string;
  readonly until: string;

  constructor(message: string, full: Full) {
    super(message);
    ({ problem: this.problem, until: this.until } = STORING_PROBLEMS[full]);
  }
}

/** The response would cost too much; the message says what to do. */
export class StoreTooMuchError extends Error {}

/** Another program has written to the file, or the disk has lost part of it. */
export class StoreDamagedError extends Error {}

/** Limit of waiting calls, since each call and response is held in memory. Fewer clients ask at the same time. */
const MAX_WAITING = 128;

/** The longest query of a full store takes seconds; a disk that hangs takes forever. */
const START_MS = 30_000;
const CALL_MS = 60_000;
/** For finishing the current write, and again for the thread to end. */
const CLOSE_MS = 3_000;

/**
 * Each result triggers the work for another 50 documents: handling all results of a transaction in one turn would take
 * 10 ms.
 */
const ANSWERS_A_TURN = 4;

export interface StoreThreadLimits {
  /** Limit of waiting calls; further calls are refused. */
  readonly maxWaiting?: number;
  readonly startMs?: number;
  readonly callMs?: number;
}

type Answer = Extract<FromStoreWorker, { id: number }>;

/** One thread of the store, and the calls that wait for it. */
export class StoreThread {
  readonly #worker: Worker;
  /** Results that have arrived but have not been delivered yet. */
  readonly #answers: Answer[] = [];
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  readonly #maxWaiting: number;
  #calls = 0;
  #problem: string | undefined;
  #hang: string | undefined;
  readonly #callMs: number;

  private constructor(worker: Worker, maxWaiting: number, callMs: number) {
    this.#worker = worker;
    this.#maxWaiting = maxWaiting;
    this.#callMs = callMs;
  }

  static start(input: WorkerInput): Promise<StoreThread> {
    const options = { workerData: input, name: `store-${input.role}`, execArgv: [] };
    const worker =
      typeof STORE_WORKER_SOURCE === 'string'
        ? new Worker(STORE_WORKER_SOURCE, { ...options, eval: true })
        : new Worker(new URL('store-worker.ts', import.meta.url), options);
    return StoreThread.of(worker, { maxWaiting: input.role === 'reader' ? MAX_WAITING : Infinity });
  }

  /** Resolves when the started thread is ready. Rejects with the thread's error, or with a DeadlineError. */
  static async of(
    worker: Worker,
    { maxWaiting = Infinity, startMs = START_MS, callMs = CALL_MS }: StoreThreadLimits,
  ): Promise<StoreThread> {
    const thread = new StoreThread(worker, maxWaiting, callMs);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (message: FromStoreWorker) => {
      if (message.type === 'ready') resolve();
      else if (message.type === 'failed') reject(new Error(message.message));
      else thread.#answered(message);
    });
    worker.on('error', (error) => {
      reject(error);
      thread.#fail(messageOf(error));
    });
    worker.on('exit', () => thread.#fail('the store’s thread ended'));
    try {
      await within(startMs, 'the store’s file', () => promise);
    } catch (error) {
      if (error instanceof DeadlineError) void worker.terminate();
      throw error;
    }
    return thread;
  }

  /** Why it does not answer at present; it may recover. */
  get hang(): string | undefined {
    return this.#hang;
  }

  /** Why it has ended. */
  get problem(): string | undefined {
    return this.#problem;
  }

  call<N extends CallName>(name: N, args: Calls[N]['args']): Promise<Calls[N]['result']> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see Handlers in store-worker.ts
    return this.#inTime(name, this.#call(name, args)) as Promise<Calls[N]['result']>;
  }

  async close(): Promise<void> {
    await within(CLOSE_MS, 'closing the store', () => this.#call('close', {})).catch(() => {});
    await within(CLOSE_MS, 'ending the store’s thread', () => this.#worker.terminate()).catch(() => {});
  }

  /** Discards a result that arrives too late; the next result in time shows that the thread has recovered. */
  async #inTime<T>(name: CallName, answer: Promise<T>): Promise<T> {
    try {
      return await within(this.#callMs, `the store (${name})`, () => answer);
    } catch (error) {
      if (error instanceof DeadlineError) this.#hang = error.message;
      throw error;
    }
  }

  #call(name: CallName | 'close', args: unknown): Promise<unknown> {
    if (this.#problem !== undefined) return Promise.reject(new Error(this.#problem));
    if (this.#waiting.size >= this.#maxWaiting && name !== 'close')
      return Promise.reject(new StoreBusyError('the store is busy'));
    const id = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    const buffer = bufferIn(args);
    this.#worker.postMessage({ id, name, args } satisfies ToStoreWorker, buffer === undefined ? [] : [buffer]);
    return promise;
  }

  #answered(answer: Answer): void {
    this.#hang = undefined;
    if (this.#answers.push(answer) === 1) setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    for (const answer of this.#answers.splice(0, ANSWERS_A_TURN)) this.#settle(answer);
    if (this.#answers.length > 0) setImmediate(() => this.#deliver());
  }

  #settle(message: Answer): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === 'result') waiting?.resolve(message.result);
    else waiting?.reject(errorOf(message));
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    for (const answer of this.#answers.splice(0)) this.#settle(answer);
    for (const { reject } of this.#waiting.values()) reject(new Error(problem));
    this.#waiting.clear();
  }
}

function errorOf({ message, kind }: Extract<Answer, { type: 'error' }>): Error {
  switch (kind) {
    case undefined:
      return new Error(message);
    case 'too_much':
      return new StoreTooMuchError(message);
    case 'damaged':
      return new StoreDamagedError(message);
    default:
      return new StoreFullError(message, kind);
  }
}
