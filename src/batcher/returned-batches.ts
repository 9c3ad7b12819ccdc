import type { Segment } from '../pipeline/segment.ts';
import { costOf, totalCostOf } from './segment-queue.ts';

/** A batch on its way, with how often it has failed. */
export interface Attempt {
  readonly segments: readonly Segment[];
  readonly failures: number;
  /** When a gateway first refused this document, which stands alone. */
  readonly refusedAtMs?: number;
}

interface Returned extends Attempt {
  segments: readonly Segment[];
  dueMs: number;
}

/** Batches that failed and wait for another try, oldest first: they keep their place before everything that came later. */
export class ReturnedBatches {
  readonly #batches: Returned[] = [];
  #segments = 0;
  #bytes = 0;

  get segments(): number {
    return this.#segments;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(attempt: Attempt, dueMs: number): void {
    const firstMs = attempt.segments[0]!.arrivedAtMs;
    let at = this.#batches.length;
    while (at > 0 && this.#batches[at - 1]!.segments[0]!.arrivedAtMs > firstMs) at--;
    this.#batches.splice(at, 0, { ...attempt, dueMs });
    this.#segments += attempt.segments.length;
    this.#bytes += totalCostOf(attempt.segments);
  }

  /** The oldest batch whose time has come, or the newest. */
  takeDue(nowMs: number, isNewestFirst = false): Attempt | undefined {
    const isDue = (batch: Returned): boolean => batch.dueMs <= nowMs;
    const at = isNewestFirst ? this.#batches.findLastIndex(isDue) : this.#batches.findIndex(isDue);
    if (at < 0) return undefined;
    const [batch] = this.#batches.splice(at, 1);
    this.#segments -= batch!.segments.length;
    this.#bytes -= totalCostOf(batch!.segments);
    return batch;
  }

  shiftOldest(): Segment | undefined {
    const batch = this.#batches[0];
    const segment = batch?.segments[0];
    if (batch === undefined || segment === undefined) return undefined;
    batch.segments = batch.segments.slice(1);
    if (batch.segments.length === 0) this.#batches.shift();
    this.#segments--;
    this.#bytes -= costOf(segment);
    return segment;
  }

  /** The oldest batch, due or not. */
  takeOldest(): Attempt | undefined {
    return this.takeDue(Infinity);
  }

  /** The destination is back, or the pipeline stops: nothing waits any longer. */
  makeDue(): void {
    for (const batch of this.#batches) batch.dueMs = 0;
  }

  nextDueMs(): number {
    let next = Infinity;
    for (const batch of this.#batches) next = Math.min(next, batch.dueMs);
    return next;
  }
}
