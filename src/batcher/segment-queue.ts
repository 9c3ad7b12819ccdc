import { byteLengthOf, type Segment } from '../pipeline/segment.ts';

/**
 * What a waiting segment costs besides its bytes: its place in the queue (24), and its share of unused slab ends, of what sending it takes and of
 * the room that the collector leaves. A full buffer is to stay below budget + 110 MB resident (npm run faults -- R19 R24).
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

/** A power of two, as every size of the ring. */
const FIRST_ROOM = 1024;

/**
 * Segments in the order they came, with their cost in bytes. They wait as numbers in a ring and become objects when they are taken: 47,000 waiting
 * objects are 7 MB that V8 moves to its old generation, and garbage there when they leave.
 */
export class SegmentQueue {
  #ring = new Ring(FIRST_ROOM);
  #head = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Cost of all segments, overhead included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Arrival of the oldest; undefined when nothing waits. */
  get oldestMs(): number | undefined {
    return this.#length === 0 ? undefined : this.#ring.arrivedAtMs[this.#head];
  }

  push(chunk: Buffer, start: number, end: number, arrivedAtMs: number): void {
    if (this.#length === this.#ring.room) this.#move(new Ring(2 * this.#length));
    this.#ring.write((this.#head + this.#length) & this.#ring.mask, chunk, start, end, arrivedAtMs);
    this.#length++;
    this.#bytes += end - start + SEGMENT_OVERHEAD_BYTES;
  }

  shift(): Segment | undefined {
    if (this.#length === 0) return undefined;
    const segment = this.#ring.take(this.#head);
    this.#head = (this.#head + 1) & this.#ring.mask;
    this.#onTaken(segment);
    return segment;
  }

  /** The oldest segments, at most `maxSegments` of them and `maxBytes` of documents, but at least one if there is one. */
  take(maxSegments: number, maxBytes: number): Segment[] {
    const taken: Segment[] = [];
    let bytes = 0;
    while (this.#length > 0 && taken.length < maxSegments) {
      const next = this.#ring.byteLength(this.#head);
      if (taken.length > 0 && bytes + next > maxBytes) break;
      bytes += next;
      taken.push(this.shift()!);
    }
    return taken;
  }

  /** The same from the other end: the newest segments, in the order they came. */
  takeNewest(maxSegments: number, maxBytes: number): Segment[] {
    const taken: Segment[] = [];
    let bytes = 0;
    while (this.#length > 0 && taken.length < maxSegments) {
      const at = (this.#head + this.#length - 1) & this.#ring.mask;
      const next = this.#ring.byteLength(at);
      if (taken.length > 0 && bytes + next > maxBytes) break;
      bytes += next;
      const segment = this.#ring.take(at);
      this.#onTaken(segment);
      taken.push(segment);
    }
    return taken.toReversed();
  }

  #onTaken(segment: Segment): void {
    this.#length--;
    this.#bytes -= costOf(segment);
    // What a flood needed is not kept.
    if (this.#length === 0 && this.#ring.room > FIRST_ROOM) this.#move(new Ring(FIRST_ROOM));
  }

  #move(ring: Ring): void {
    for (let i = 0; i < this.#length; i++) {
      const { chunk, start, end, arrivedAtMs } = this.#ring.take((this.#head + i) & this.#ring.mask);
      ring.write(i, chunk, start, end, arrivedAtMs);
    }
    this.#ring = ring;
    this.#head = 0;
  }
}

/** Room for `room` segments, a column for each member. */
class Ring {
  readonly room: number;
  readonly mask: number;
  readonly arrivedAtMs: Float64Array;
  readonly #chunks: (Buffer | undefined)[];
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor(room: number) {
    this.room = room;
    this.mask = room - 1;
    this.#chunks = Array.from<Buffer | undefined>({ length: room });
    this.#starts = new Uint32Array(room);
    this.#ends = new Uint32Array(room);
    this.arrivedAtMs = new Float64Array(room);
  }

  byteLength(at: number): number {
    return this.#ends[at]! - this.#starts[at]!;
  }

  write(at: number, chunk: Buffer, start: number, end: number, arrivedAtMs: number): void {
    this.#chunks[at] = chunk;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.arrivedAtMs[at] = arrivedAtMs;
  }

  /** Takes it out: its memory is held by whoever has the segment. */
  take(at: number): Segment {
    const chunk = this.#chunks[at]!;
    this.#chunks[at] = undefined;
    return { chunk, start: this.#starts[at]!, end: this.#ends[at]!, arrivedAtMs: this.arrivedAtMs[at]! };
  }
}

/** The same segment with memory of its own. */
export function ownCopyOf({ chunk, start, end, arrivedAtMs }: Segment): Segment {
  return { chunk: Buffer.from(chunk.subarray(start, end)), start: 0, end: end - start, arrivedAtMs };
}
