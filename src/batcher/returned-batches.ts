import type { Segment } from '../pipeline/segment.ts';
import { costOf, totalCostOf } from './segment-queue.ts';

/** A batch to be sent, and how often it has failed. */
export interface Attempt {
  readonly segments: readonly Segment[];
  readonly failures: number;
  /** When a gateway first refused this batch, which has a single document. */
  readonly refusedAtMs?: number;
}

interface Returned extends Attempt {
  segments: readonly Segment[];
  dueMs: number;
}

/** Failed batches that wait for a retry, oldest first: they stay ahead of everything that arrived later. */
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

  /** The oldest batch that is due, or the newest. */
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

  /** Makes all batches due: the destination has recovered, or the pipeline stops. */
  makeDue(): void {
    for (const batch of this.#batches) batch.dueMs = 0;
  }

  nextDueMs(): number {
    let next = Infinity;
    for (const batch of this.#batches) next = Math.min(next, batch.dueMs);
    return next;
  }
}
