import { afterEvery } from '../pipeline/collector.ts';

/** X-Ray's own responses take hours to add up to this. */
const GARBAGE_BYTES = 8 * 1024 * 1024;

/**
 * Limits the bytes of all responses that are being read at a time: each may be as large as its call allows, but not all
 * of them together.
 */
export class ResponseBudget {
  readonly #maxBytes: number;
  readonly #noteGarbage: (bytes: number) => void;
  #bytes = 0;

  /**
   * Calls `onGarbage` whenever the responses given back since the last call add up to some megabytes; V8 would let such
   * garbage grow to 64 MB.
   */
  constructor(maxBytes: number, onGarbage: () => void) {
    this.#maxBytes = maxBytes;
    this.#noteGarbage = afterEvery(GARBAGE_BYTES, onGarbage);
  }

  /** False if the budget is used up. Give back every byte that was taken. */
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
