/** From so many on it is a burst. A socket buffer that `net.core.rmem_max` was not raised for holds 185 of 1 KB. */
const LEAST_BURST = 64;
/** The longest gap in a burst that is waited out awake: a thread that sleeps in it may wait for the sender's core. */
const MAX_GAP_MS = 2;
/** For each datagram of a burst, which a sender makes in 2 to 5 µs. What comes slower is load, and the main thread needs the core for it. */
const MAX_MS_EACH = 0.008;
/** Then the event loop has its turn, for the timer and the end. */
const MAX_BURST_MS = 50;

/** How long the receive thread stays awake for the rest of a burst. Times are monotonic, in ms. */
export class BurstPolicy {
  readonly #startedMs: number;
  #lastMs: number;
  #count = 0;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
    this.#lastMs = nowMs;
  }

  /** Whether to read again, after a reading that gave `got` datagrams. */
  readsOn(got: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#startedMs;
    this.#count += got;
    if (got > 0) this.#lastMs = nowMs;
    if (elapsedMs >= MAX_BURST_MS) return false;
    if (got > 0) return true;
    return this.#count >= LEAST_BURST && nowMs - this.#lastMs < MAX_GAP_MS && elapsedMs <= this.#count * MAX_MS_EACH;
  }
}
