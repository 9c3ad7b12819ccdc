import type { Segment } from '../pipeline/segment.ts';
import type { Overflow } from './overflow.ts';
import type { SegmentBuffer } from './segment-buffer.ts';
import type { Sender } from './sender.ts';
import { DROPPED, settle, SPOOLED } from './tickets.ts';

/**
 * With a spool, segments above this share of the budget go to disk; the rest of the budget takes what arrives
 * meanwhile.
 */
const SPOOL_ABOVE = 0.875;

export interface EvictionDeps {
  readonly maxBytes: number;
  readonly buffer: SegmentBuffer;
  readonly overflow: Overflow;
  readonly sender: Sender;
  readonly now: () => number;
  /** Cost of everything that is held, including what is being written and sent. */
  readonly heldBytes: () => number;
  readonly isDraining: () => boolean;
  /** Called when segments have moved. */
  readonly onMoved: () => void;
}

/** Keeps the segments in memory within the budget. */
export class Eviction {
  readonly #deps: EvictionDeps;

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
  }

  /**
   * Frees memory by moving or dropping the oldest segments: to the spool while it keeps up. Segments in flight cannot
   * be dropped.
   */
  evict(): void {
    const { maxBytes, buffer, overflow, now, heldBytes, isDraining } = this.#deps;
    while (overflow.canWrite && !isDraining() && heldBytes() - overflow.bytes > maxBytes * SPOOL_ABOVE) {
      const oldest = buffer.takeOldest();
      if (oldest === undefined) break;
      void this.#toSpool(oldest, () => {
        buffer.putBack({ segments: oldest, failures: 0 }, now());
        this.#dropExcess();
      });
    }
    this.#dropExcess();
  }

  /** The segments are too old to be retried: they go to the spool, or are dropped. */
  expire(segments: readonly Segment[]): void {
    const onFailure = (): void => this.#drop(segments, 'retry_expired');
    if (this.#deps.overflow.isUsable) void this.#toSpool(segments, onFailure);
    else onFailure();
  }

  #dropExcess(): void {
    const { maxBytes, buffer, heldBytes } = this.#deps;
    const dropped: Segment[] = [];
    while (heldBytes() > maxBytes) {
      const oldest = buffer.shiftOldest();
      if (oldest === undefined) break;
      dropped.push(oldest);
    }
    this.#drop(dropped, 'buffer_full');
  }

  async #toSpool(segments: readonly Segment[], onFailure: () => void): Promise<void> {
    const { overflow, buffer, onMoved } = this.#deps;
    // After a failure, the next chunk triggers another attempt.
    if (await overflow.write(segments, onFailure)) {
      settle(segments, SPOOLED);
      buffer.release(segments);
      this.evict();
    }
    onMoved();
  }

  #drop(segments: readonly Segment[], reason: 'buffer_full' | 'retry_expired'): void {
    this.#deps.sender.drop(segments.length, reason);
    settle(segments, DROPPED);
    this.#deps.buffer.release(segments);
  }
}
