import { untilAborted } from '../pipeline/deadline.ts';
import type { Segment } from '../pipeline/segment.ts';
import { totalCostOf } from './segment-queue.ts';
import type { Spool } from './spool/spool.ts';

/** Enough to hide the latency of a sync; few enough that a slow disk ties up little memory. */
const MAX_WRITES = 4;
/** At shutdown, writing is the only work left. */
const MAX_WRITES_AT_END = 16;

/** Segments that are being written from memory to the spool, if there is one. */
export class Overflow {
  readonly #spool: Spool | undefined;
  readonly #writing = new Set<Promise<boolean>>();
  #segments = 0;
  #bytes = 0;
  #isOver = false;

  constructor(spool: Spool | undefined) {
    this.#spool = spool;
  }

  /** Segments that are not on disk yet, and their cost in memory. */
  get segments(): number {
    return this.#segments;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isUsable(): boolean {
    return this.#spool !== undefined && this.#spool.isUsable;
  }

  get canWrite(): boolean {
    return this.#writing.size < MAX_WRITES && this.isUsable;
  }

  /**
   * Writes one batch. If that fails, calls `onFailure` and then resolves with false: the segments belong to the caller
   * again.
   */
  async write(segments: readonly Segment[], onFailure: () => void): Promise<boolean> {
    this.#hold(segments, 1);
    const written = this.#put(segments, onFailure);
    this.#writing.add(written);
    await written;
    this.#writing.delete(written);
    return written;
  }

  /** Waits until `deadline` for the running writes, so that segments of failed writes are back with their caller. */
  async settle(deadline: AbortSignal): Promise<void> {
    await untilAborted(Promise.all(this.#writing), deadline);
  }

  /**
   * Writes all batches until `deadline`, and nothing after it. Calls `onLost` for each batch that could not be written.
   */
  async writeAll(
    batches: readonly (readonly Segment[])[],
    deadline: AbortSignal,
    onLost: (segments: number) => void,
  ): Promise<void> {
    for (const batch of batches) this.#hold(batch, 1);
    const left = batches.values();
    const work = async (): Promise<void> => {
      for (const batch of left) await this.#put(batch, () => onLost(batch.length));
    };
    await untilAborted(Promise.all(Array.from({ length: MAX_WRITES_AT_END }, work)), deadline);
    this.#isOver = true;
    if (this.#segments > 0) onLost(this.#segments);
    this.#segments = 0;
    this.#bytes = 0;
  }

  async #put(segments: readonly Segment[], onFailure: () => void): Promise<boolean> {
    const isWritten = !this.#isOver && (await this.#spool?.write(segments, () => this.#hold(segments, -1))) === true;
    // writeAll has already counted the writes that were unfinished at the deadline.
    if (this.#isOver || isWritten) return isWritten;
    this.#hold(segments, -1);
    onFailure();
    return false;
  }

  #hold(segments: readonly Segment[], sign: 1 | -1): void {
    if (this.#isOver) return;
    this.#segments += sign * segments.length;
    this.#bytes += sign * totalCostOf(segments);
  }
}
