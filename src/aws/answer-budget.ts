import { everyBytes } from '../pipeline/collector.ts';

/** X-Ray's own answers take hours to be so much. */
const GARBAGE_BYTES = 8 * 1024 * 1024;

/** Bytes of all answers that are being read at one time: each may be as large as its call allows, but not all of them. */
export class AnswerBudget {
  readonly #maxBytes: number;
  readonly #noteGarbage: (bytes: number) => void;
  #bytes = 0;

  /** `onGarbage` is told each time that the answers given back since the last time are some megabytes, which V8 would let grow to 64 MB. */
  constructor(maxBytes: number, onGarbage: () => void) {
    this.#maxBytes = maxBytes;
    this.#noteGarbage = everyBytes(GARBAGE_BYTES, onGarbage);
  }

  /** False when there is no room; give back what was taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#noteGarbage(bytes);
  }
}
