import { getHeapStatistics } from 'node:v8';

const REMEDY =
  'which is more than the memory of this xrayd allows. Request a shorter time or use a filter, and check whether names contain IDs';

/** A response would exceed its limits; the message says what to do. */
export class TooMuchError extends Error {
  static readonly remedy = REMEDY;
}

/**
 * Shares of the memory limit. Besides a response, the rest of the process takes about 90 MB at a limit of 128 MiB, and
 * several copies of the response's text exist until it is written.
 */
const HEAP_PART = 6.4;
const TEXT_PART = 64;
/** Heap that a trace takes until it is assembled, as a multiple of its documents. */
const TIMES_A_TRACE = 10;
/**
 * A collection takes about 30 ms: live data must leave enough memory for garbage that not every trace needs a
 * collection.
 */
const MOST_ALIVE = 0.8;
/**
 * What each value in a trace's documents (as counted by `valuesInText`) is charged of a response's bytes: reading a
 * trace of 8 MB of empty lists took 300 MB.
 */
const BYTES_A_VALUE = 10;
const BYTES_A_VALUE_WHERE_LIMITED = 40;

export interface ReadBudgetConfig {
  /** Limit of the traces in one response. */
  readonly maxAnswerBytes: number;
  /** The process is killed if it exceeds this; undefined if there is no limit. */
  readonly memoryLimitBytes?: number | undefined;
}

/** Limits what the reading thread holds, whatever is stored and requested. A response that needs more is refused. */
export class ReadBudget {
  /** Limit of the traces in one response; a page ends there. */
  readonly maxAnswerBytes: number;
  /** Limit of a response without pages. */
  readonly maxTextBytes: number;
  /** Limit of what is read of one trace; the rest is left out, and the response says so. */
  readonly maxTraceBytes: number;
  readonly maxTraceValues: number;
  readonly #maxHeapBytes: number;
  readonly #used: () => number;
  readonly #collect: () => void;

  constructor(
    { maxAnswerBytes, memoryLimitBytes = Infinity }: ReadBudgetConfig,
    {
      collect,
      used = () => getHeapStatistics().used_heap_size,
    }: { readonly collect: () => void; readonly used?: () => number },
  ) {
    const textBytes = memoryLimitBytes / TEXT_PART;
    this.maxAnswerBytes = maxAnswerBytes;
    this.maxTextBytes = textBytes;
    this.maxTraceBytes = textBytes;
    this.maxTraceValues = Math.min(maxAnswerBytes / BYTES_A_VALUE, textBytes / BYTES_A_VALUE_WHERE_LIMITED);
    this.#maxHeapBytes = memoryLimitBytes / HEAP_PART;
    this.#used = used;
    this.#collect = collect;
  }

  /** Call before assembling a trace of `bytes`; `forget` drops what can be read again. Throws TooMuchError. */
  check(bytes: number, forget: () => void): void {
    const needed = TIMES_A_TRACE * Math.min(bytes, this.maxTraceBytes);
    const isFree = (): boolean => this.#used() + needed <= this.#maxHeapBytes;
    if (this.#maxHeapBytes === Infinity || isFree()) return;
    this.#collect();
    if (isFree() && this.#isLittleAlive) return;
    forget();
    this.#collect();
    // A single large trace is read in any case.
    if (this.#isLittleAlive) return;
    throw new TooMuchError(
      `The response needs more than ${Math.floor(this.#maxHeapBytes)} bytes until it is written, ${REMEDY}`,
    );
  }

  get #isLittleAlive(): boolean {
    return this.#used() <= this.#maxHeapBytes * MOST_ALIVE;
  }
}
