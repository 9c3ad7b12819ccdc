/** This many datagrams make a burst. A socket buffer without a raised `net.core.rmem_max` holds 185 of 1 KB. */
const MIN_BURST = 64;
/**
 * The longest gap within a burst that the thread waits out awake: if it slept, it might have to wait for the sender's
 * core.
 */
const MAX_GAP_MS = 2;
/**
 * Per datagram of a burst; a sender produces one in 2 to 5 µs. A slower rate is steady load, for which the main thread
 * needs the core.
 */
const MAX_MS_EACH = 0.008;
/** After this the event loop gets a turn, for its timer and for stopping. */
const MAX_BURST_MS = 50;

/** Decides how long the receive thread stays awake for the rest of a burst. Times are monotonic, in ms. */
export class BurstPolicy {
  readonly #startedMs: number;
  #lastMs: number;
  #count = 0;

  constructor(nowMs: number) {
    this.#startedMs = nowMs;
    this.#lastMs = nowMs;
  }

  /** Whether to read again after a read that returned `got` datagrams. */
  readsOn(got: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#startedMs;
    this.#count += got;
    if (got > 0) this.#lastMs = nowMs;
    if (elapsedMs >= MAX_BURST_MS) return false;
    if (got > 0) return true;
    return this.#count >= MIN_BURST && nowMs - this.#lastMs < MAX_GAP_MS && elapsedMs <= this.#count * MAX_MS_EACH;
  }
}
