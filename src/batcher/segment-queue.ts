import { byteLengthOf, type Segment } from '../pipeline/segment.ts';

/**
 * What a waiting segment costs besides its bytes: its object and place in the queue (100), and its share of unused slab ends, of what sending it
 * takes and of the room that the collector leaves. A full buffer is to stay below budget + 110 MB resident (npm run faults -- R19 R24).
 */
export const SEGMENT_OVERHEAD_BYTES = 400;

export function costOf(segment: Segment): number {
  return byteLengthOf(segment) + SEGMENT_OVERHEAD_BYTES;
}

export function totalCostOf(segments: readonly Segment[]): number {
  let cost = 0;
  for (const segment of segments) cost += costOf(segment);
  return cost;
}

/** Segments in the order they came, with their cost in bytes. */
export class SegmentQueue {
  #segments: (Segment | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#segments.length - this.#head;
  }

  /** Cost of all segments, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Segment | undefined {
    return this.#segments[this.#head];
  }

  push(segment: Segment): void {
    this.#segments.push(segment);
    this.#bytes += costOf(segment);
  }

  shift(): Segment | undefined {
    const segment = this.#segments[this.#head];
    if (segment === undefined) return undefined;
    this.#segments[this.#head++] = undefined;
    this.#bytes -= costOf(segment);
    // Amortised: half of the array has been read before it is copied.
    if (this.#head > 1024 && this.#head * 2 > this.#segments.length) {
      this.#segments = this.#segments.slice(this.#head);
      this.#head = 0;
    }
    return segment;
  }

  /** The oldest segments, at most `maxSegments` of them and `maxBytes` of documents, but at least one if there is one. */
  take(maxSegments: number, maxBytes: number): Segment[] {
    const taken: Segment[] = [];
    let bytes = 0;
    while (taken.length < maxSegments) {
      const next = this.oldest;
      if (next === undefined || (taken.length > 0 && bytes + byteLengthOf(next) > maxBytes)) break;
      bytes += byteLengthOf(next);
      taken.push(next);
      this.shift();
    }
    return taken;
  }

  /** The same from the other end: the newest segments, in the order they came. */
  takeNewest(maxSegments: number, maxBytes: number): Segment[] {
    let from = this.#segments.length;
    let bytes = 0;
    while (from > this.#head && this.#segments.length - from < maxSegments) {
      const next = byteLengthOf(this.#segments[from - 1]!);
      if (from < this.#segments.length && bytes + next > maxBytes) break;
      bytes += next;
      from--;
    }
    const taken = this.#segments.splice(from) as Segment[];
    this.#bytes -= totalCostOf(taken);
    return taken;
  }
}

/** The same segment with memory of its own. */
export function ownCopyOf({ chunk, start, end, arrivedAtMs }: Segment): Segment {
  return { chunk: Buffer.from(chunk.subarray(start, end)), start: 0, end: end - start, arrivedAtMs };
}
