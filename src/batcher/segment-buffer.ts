import type { Exporter } from '../pipeline/exporter.ts';
import type { Chunk, DocumentFormat, Segment, Ticket } from '../pipeline/segment.ts';
import { ReturnedBatches, type Attempt } from './returned-batches.ts';
import { ownCopyOf, SegmentQueue } from './segment-queue.ts';
import { Slabs } from './slabs.ts';

export interface SegmentBufferConfig {
  /** Maximum time that a segment waits for others to fill its batch. */
  readonly maxAgeMs: number;
  /**
   * Whether the newest segments are sent first after an outage. A full buffer drops the oldest segments in either case.
   */
  readonly isNewestFirst: boolean;
}

/** The segments in memory: those that were never sent, and batches that failed, in order of arrival. */
export class SegmentBuffer {
  readonly #config: SegmentBufferConfig;
  readonly #limits: Exporter['limits'];
  readonly #slabs = new Slabs();
  readonly #waiting = new SegmentQueue();
  readonly #returned = new ReturnedBatches();
  /** The number of the oldest waiting segments that somebody waits for, or that are older than one of these. */
  #urgent = 0;

  constructor(config: SegmentBufferConfig, limits: Exporter['limits']) {
    this.#config = config;
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length + this.#returned.segments;
  }

  /** Cost of all segments, including overhead. */
  get bytes(): number {
    return this.#waiting.bytes + this.#returned.bytes;
  }

  push(chunk: Chunk): void {
    const { chunk: memory, start: base } = this.#slabs.copy(chunk.bytes, chunk.count);
    let start = base;
    for (let i = 0; i < chunk.count; i++) {
      const end = base + chunk.ends[i]!;
      this.#waiting.push(memory, start, end, chunk.arrivedAtMs[i]!, chunk.format);
      start = end;
    }
  }

  /** A document with a ticket is due at once, and so are those before it. */
  pushDocument(document: Uint8Array, arrivedAtMs: number, format: DocumentFormat, ticket?: Ticket): void {
    const { chunk, start } = this.#slabs.copy(document, 1);
    this.#waiting.push(chunk, start, start + document.length, arrivedAtMs, format, ticket);
    if (ticket !== undefined) this.#urgent = this.#waiting.length;
  }

  /** Keeps a failed batch until `dueMs`, ordered by age. */
  putBack(attempt: Attempt, dueMs: number): void {
    this.#returned.add(attempt, dueMs);
  }

  /**
   * The same for a few documents of a batch, as copies: they must not keep the memory of the batch's other documents in
   * use.
   */
  putBackCopies({ segments, failures }: Attempt, dueMs: number): void {
    this.#returned.add({ segments: segments.map(ownCopyOf), failures }, dueMs);
  }

  /**
   * The next batch that is due. A batch of new segments is due when it is full or its oldest segment has reached the
   * maximum age (`isEager`: always).
   * Failed batches go first, the oldest of them first. With `isNewestFirst`, they go last.
   */
  takeDue(nowMs: number, isEager: boolean): Attempt | undefined {
    if (this.#config.isNewestFirst) return this.#takeWaiting(nowMs, isEager) ?? this.#returned.takeDue(nowMs, true);
    return this.#returned.takeDue(nowMs) ?? this.#takeWaiting(nowMs, isEager);
  }

  #takeWaiting(nowMs: number, isEager: boolean): Attempt | undefined {
    const { isNewestFirst, maxAgeMs } = this.#config;
    const { maxDocuments, maxBytes } = this.#limits;
    const { oldestMs, length, bytes } = this.#waiting;
    if (oldestMs === undefined) return undefined;
    const isFull = length >= maxDocuments || bytes >= maxBytes;
    if (!isFull && !isEager && this.#urgent === 0 && nowMs - oldestMs < maxAgeMs - 1) return undefined;
    return { segments: this.#takeNew(isNewestFirst), failures: 0 };
  }

  /** When `takeDue` will next return a batch; Infinity if nothing waits. */
  nextDueMs(): number {
    const { oldestMs = Infinity } = this.#waiting;
    return Math.min(this.#urgent > 0 ? 0 : oldestMs + this.#config.maxAgeMs, this.#returned.nextDueMs());
  }

  /** The oldest segments as a batch, due or not. */
  takeOldest(): readonly Segment[] | undefined {
    const oldest = this.#returned.takeOldest()?.segments ?? this.#takeNew(false);
    return oldest.length === 0 ? undefined : oldest;
  }

  /** The oldest segment. */
  shiftOldest(): Segment | undefined {
    return this.#returned.shiftOldest() ?? this.#shiftWaiting();
  }

  #takeNew(isNewest: boolean): Segment[] {
    const { maxDocuments, maxBytes } = this.#limits;
    const segments = this.#waiting.take(maxDocuments, maxBytes, isNewest);
    this.#urgent = isNewest
      ? Math.min(this.#urgent, this.#waiting.length)
      : Math.max(0, this.#urgent - segments.length);
    return segments;
  }

  #shiftWaiting(): Segment | undefined {
    this.#urgent = Math.max(0, this.#urgent - 1);
    return this.#waiting.shift();
  }

  /** Makes all failed batches due: the destination has recovered, or the pipeline stops. */
  makeDue(): void {
    this.#returned.makeDue();
  }

  /** The segments are delivered, dropped or on disk: nothing reads them any longer, and their memory is reused. */
  release(segments: readonly Segment[]): void {
    this.#slabs.release(segments);
  }
}
