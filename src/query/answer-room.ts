import { getHeapStatistics } from 'node:v8';

const REMEDY = 'which is more than this xrayd has memory for. Ask for a shorter time or with a filter; do names have ids in them?';

/** What was asked for has more in it than one answer may cost; the message says what to do. */
export class TooMuchError extends Error {
  static readonly remedy = REMEDY;
}

/**
 * Shares of the memory limit. Whatever one answer has, the rest of the process holds some 90 MB at a limit of 128 MiB, and of its text there are several
 * copies until it is written.
 */
const HEAP_PART = 6.4;
const TEXT_PART = 64;
/** What a trace takes in the heap until it is put together, as times of its documents. */
const TIMES_A_TRACE = 10;
/** A collection takes some 30 ms: what lives must leave so much of the room to garbage that one is not needed for every trace. */
const MOST_ALIVE = 0.8;
/**
 * Of an answer's bytes, what each value of the documents of one trace (as `valuesInText` counts them) is charged: a trace of 8 MB that was all
 * empty lists took 300 MB to read.
 */
const BYTES_A_VALUE = 10;
const BYTES_A_VALUE_WHERE_LIMITED = 40;

export interface AnswerRoomConfig {
  /** Of the traces in one answer. */
  readonly maxAnswerBytes: number;
  /** Beyond it the process is killed; undefined when there is none. */
  readonly memoryLimitBytes?: number | undefined;
}

/** What the thread that reads may hold, whatever is stored and asked for. An answer that needs more is refused. */
export class AnswerRoom {
  /** Of the traces in one answer; a page ends there. */
  readonly maxAnswerBytes: number;
  /** Of an answer that has no pages. */
  readonly maxTextBytes: number;
  /** Of one trace what is read; more is left out, and said. */
  readonly maxTraceBytes: number;
  readonly maxTraceValues: number;
  readonly #maxHeapBytes: number;
  readonly #used: () => number;
  readonly #collect: () => void;

  constructor(
    { maxAnswerBytes, memoryLimitBytes = Infinity }: AnswerRoomConfig,
    { collect, used = () => getHeapStatistics().used_heap_size }: { readonly collect: () => void; readonly used?: () => number },
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

  /** To be called before a trace of `bytes` is put together; `forget` drops what can be read again. Throws TooMuchError. */
  check(bytes: number, forget: () => void): void {
    const needed = TIMES_A_TRACE * Math.min(bytes, this.maxTraceBytes);
    const isFree = (): boolean => this.#used() + needed <= this.#maxHeapBytes;
    if (this.#maxHeapBytes === Infinity || isFree()) return;
    this.#collect();
    if (isFree() && this.#isLittleAlive) return;
    forget();
    this.#collect();
    // A large trace alone is read all the same.
    if (this.#isLittleAlive) return;
    throw new TooMuchError(`The answer needs more than ${Math.floor(this.#maxHeapBytes)} bytes until it is written, ${REMEDY}`);
  }

  get #isLittleAlive(): boolean {
    return this.#used() <= this.#maxHeapBytes * MOST_ALIVE;
  }
}
