import { byteLengthOf, DOCUMENT_FORMATS, type DocumentFormat, type Segment, type Ticket } from '../pipeline/segment.ts';
import { wireBytesOf } from './wire-bytes.ts';

/**
 * What a waiting segment costs besides its bytes: its entry in the queue (25), and its share of unused slab ends, of
 * the memory for sending and of garbage that is not collected yet. With a full buffer the process must stay below
 * budget + 110 MB resident (npm run faults -- R19 R24).
 */
export const SEGMENT_OVERHEAD_BYTES = 400;

export function costOf(segment: Segment): number {
  return byteLengthOf(segment) + SEGMENT_OVERHEAD_BYTES;
}

/** What documents will cost as segments. */
export function costOfDocuments(documents: readonly Uint8Array[]): number {
  return documents.reduce((sum, { length }) => sum + length + SEGMENT_OVERHEAD_BYTES, 0);
}

export function totalCostOf(segments: readonly Segment[]): number {
  let cost = 0;
  for (const segment of segments) cost += costOf(segment);
  return cost;
}

/** A power of two, like every size of the ring. */
const FIRST_CAPACITY = 1024;

/**
 * Segments in order of arrival, with their cost in bytes. Waiting segments are numbers in a ring and become objects
 * when they are taken: 47,000 waiting objects would be 7 MB that V8 promotes to its old generation, where they become
 * garbage.
 */
export class SegmentQueue {
  #ring = new Ring(FIRST_CAPACITY);
  /** Positions of the oldest segment and after the newest. They only count up; the ring wraps them. */
  #head = 0;
  #tail = 0;
  #bytes = 0;

  get length(): number {
    return this.#tail - this.#head;
  }

  /** Cost of all segments, including overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Arrival time of the oldest segment; undefined if nothing waits. */
  get oldestMs(): number | undefined {
    return this.length === 0 ? undefined : this.#ring.arrivedAtMs(this.#head);
  }

  push(chunk: Buffer, start: number, end: number, arrivedAtMs: number, format: DocumentFormat, ticket?: Ticket): void {
    if (this.length === this.#ring.capacity) this.#grow();
    this.#ring.write(this.#tail++, chunk, start, end, arrivedAtMs, format, ticket);
    this.#bytes += end - start + SEGMENT_OVERHEAD_BYTES;
  }

  shift(): Segment | undefined {
    return this.length === 0 ? undefined : this.#take(false);
  }

  /**
   * Takes the oldest segments, or the newest, in order of arrival: at most `maxSegments` and `maxBytes` of documents as
   * they are sent, but at least one segment if there is one.
   */
  take(maxSegments: number, maxBytes: number, isNewest = false): Segment[] {
    const taken: Segment[] = [];
    let bytes = 0;
    while (this.length > 0 && taken.length < maxSegments) {
      bytes += this.#ring.wireBytes(isNewest ? this.#tail - 1 : this.#head);
      if (taken.length > 0 && bytes > maxBytes) break;
      taken.push(this.#take(isNewest));
    }
    return isNewest ? taken.toReversed() : taken;
  }

  #take(isNewest: boolean): Segment {
    const segment = this.#ring.take(isNewest ? --this.#tail : this.#head++);
    this.#bytes -= costOf(segment);
    if (this.length === 0) this.#onEmpty();
    return segment;
  }

  /** Frees the memory that a flood needed. */
  #onEmpty(): void {
    this.#head = 0;
    this.#tail = 0;
    if (this.#ring.capacity > FIRST_CAPACITY) this.#ring = new Ring(FIRST_CAPACITY);
  }

  #grow(): void {
    const ring = new Ring(2 * this.#ring.capacity);
    for (let at = this.#head; at < this.#tail; at++) {
      const { chunk, start, end, arrivedAtMs, format, ticket } = this.#ring.take(at);
      ring.write(at, chunk, start, end, arrivedAtMs, format, ticket);
    }
    this.#ring = ring;
  }
}

/** `capacity` segments in columns, one per field; positions wrap around. */
class Ring {
  readonly capacity: number;
  readonly #chunks: (Buffer | undefined)[];
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #arrivedAtMs: Float64Array;
  /** Places in DOCUMENT_FORMATS. */
  readonly #formats: Uint8Array;
  /** Few segments have one. */
  readonly #tickets = new Map<number, Ticket>();

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#chunks = Array.from<Buffer | undefined>({ length: capacity });
    this.#starts = new Uint32Array(capacity);
    this.#ends = new Uint32Array(capacity);
    this.#arrivedAtMs = new Float64Array(capacity);
    this.#formats = new Uint8Array(capacity);
  }

  arrivedAtMs(at: number): number {
    return this.#arrivedAtMs[this.#index(at)]!;
  }

  wireBytes(at: number): number {
    const i = this.#index(at);
    return wireBytesOf({
      chunk: this.#chunks[i]!,
      start: this.#starts[i]!,
      end: this.#ends[i]!,
      format: DOCUMENT_FORMATS[this.#formats[i]!]!,
    });
  }

  write(
    at: number,
    chunk: Buffer,
    start: number,
    end: number,
    arrivedAtMs: number,
    format: DocumentFormat,
    ticket: Ticket | undefined,
  ): void {
    const i = this.#index(at);
    if (ticket !== undefined) this.#tickets.set(i, ticket);
    this.#chunks[i] = chunk;
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#arrivedAtMs[i] = arrivedAtMs;
    this.#formats[i] = DOCUMENT_FORMATS.indexOf(format);
  }

  /** Removes the segment, so that only its new owner references its memory. */
  take(at: number): Segment {
    const i = this.#index(at);
    const chunk = this.#chunks[i]!;
    this.#chunks[i] = undefined;
    return {
      chunk,
      start: this.#starts[i]!,
      end: this.#ends[i]!,
      arrivedAtMs: this.#arrivedAtMs[i]!,
      format: DOCUMENT_FORMATS[this.#formats[i]!]!,
      ticket: this.#takeTicket(i),
    };
  }

  #takeTicket(i: number): Ticket | undefined {
    if (this.#tickets.size === 0) return undefined;
    const ticket = this.#tickets.get(i);
    this.#tickets.delete(i);
    return ticket;
  }

  #index(at: number): number {
    return at & (this.capacity - 1);
  }
}

/** The same segment in its own memory. */
export function ownCopyOf({ chunk, start, end, ...others }: Segment): Segment {
  return { chunk: Buffer.from(chunk.subarray(start, end)), start: 0, end: end - start, ...others };
}
