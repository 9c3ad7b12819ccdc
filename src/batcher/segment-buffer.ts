import type { Exporter } from '../pipeline/exporter.ts';
import type { Chunk, Segment } from '../pipeline/segment.ts';
import { ReturnedBatches, type Attempt } from './returned-batches.ts';
import { ownCopyOf, SegmentQueue } from './segment-queue.ts';
import { Slabs } from './slabs.ts';

export interface SegmentBufferConfig {
  /** A segment waits no longer than this for others to share its call. */
  readonly maxAgeMs: number;
  /** After an outage the newest are sent first; when there is no room the oldest go, either way. */
  readonly isNewestFirst: boolean;
}

/** What waits in memory: segments that were never sent, and batches that failed, in the order of their arrival. */
export class SegmentBuffer {
  readonly #config: SegmentBufferConfig;
  readonly #limits: Exporter['limits'];
  readonly #slabs = new Slabs();
  readonly #waiting = new SegmentQueue();
  readonly #returned = new ReturnedBatches();

  constructor(config: SegmentBufferConfig, limits: Exporter['limits']) {
    this.#config = config;
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length + this.#returned.segments;
  }

  /** Cost of all segments, overhead included. */
  get bytes(): number {
    return this.#waiting.bytes + this.#returned.bytes;
  }

  push(chunk: Chunk): void {
    const { chunk: memory, start: base } = this.#slabs.copy(chunk.bytes, chunk.count);
    let start = base;
    for (let i = 0; i < chunk.count; i++) {
      const end = base + chunk.ends[i]!;
      this.#waiting.push(memory, start, end, chunk.arrivedAtMs[i]!);
      start = end;
    }
  }

  pushDocument(document: Uint8Array, arrivedAtMs: number): void {
    const { chunk, start } = this.#slabs.copy(document, 1);
    this.#waiting.push(chunk, start, start + document.length, arrivedAtMs);
  }

  /** Waits for another try from `dueMs` on, in its place by age. */
  putBack(attempt: Attempt, dueMs: number): void {
    this.#returned.add(attempt, dueMs);
  }

  /** The same for a few documents of a batch whose others are gone: they must not hold the memory of those. */
  putBackCopies({ segments, failures }: Attempt, dueMs: number): void {
    this.#returned.add({ segments: segments.map(ownCopyOf), failures }, dueMs);
  }

  /**
   * The next batch whose time has come; of those that were never sent a full one, or one as old as it may get (`isEager`: any).
   * What failed goes first, the oldest of it; newest first, what failed goes last.
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
    if (!isFull && !isEager && nowMs - oldestMs < maxAgeMs - 1) return undefined;
    return { segments: this.#waiting.take(maxDocuments, maxBytes, isNewestFirst), failures: 0 };
  }

  /** When `takeDue` has something next; Infinity when nothing waits. */
  nextDueMs(): number {
    const { oldestMs = Infinity } = this.#waiting;
    return Math.min(oldestMs + this.#config.maxAgeMs, this.#returned.nextDueMs());
  }

  /** What has waited longest, as a batch, due or not. */
  takeOldest(): readonly Segment[] | undefined {
    const { maxDocuments, maxBytes } = this.#limits;
    const oldest = this.#returned.takeOldest()?.segments ?? this.#waiting.take(maxDocuments, maxBytes);
    return oldest.length === 0 ? undefined : oldest;
  }

  /** The segment that has waited longest. */
  shiftOldest(): Segment | undefined {
    return this.#returned.shiftOldest() ?? this.#waiting.shift();
  }

  /** The destination is back, or the pipeline stops: what failed waits no longer. */
  makeDue(): void {
    this.#returned.makeDue();
  }

  /** These are delivered, dropped or on disk: nothing reads them any more, and their memory is used again. */
  release(segments: readonly Segment[]): void {
    this.#slabs.release(segments);
  }
}
