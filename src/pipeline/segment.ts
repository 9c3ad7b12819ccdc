/**
 * One segment document (or subsegment, or OTLP body): bytes, exactly as the client sent them.
 * No pipeline parses, re-encodes or trims it.
 */
export interface Segment {
  /** Shared by all segments of a chunk. */
  readonly chunk: Buffer;
  /** Byte offsets of the document in `chunk`. */
  readonly start: number;
  readonly end: number;
  /** When the datagram or request was read, on the monotonic clock (`monotonicMs`). */
  readonly arrivedAtMs: number;
}

/** What an exporter sends in one call; its limits say how much that is at most. */
export type Batch = readonly Segment[];

/** One full or due chunk of the receive thread's ring buffer. Its memory is reused as soon as `push` returns. */
export interface Chunk {
  readonly count: number;
  /** The documents one after the other; document i ends at `ends[i]` and starts where the one before ended. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly arrivedAtMs: Float64Array;
}

/** Documents that are decoded one at a time: each is valid until the next one is taken. */
export interface Documents extends Iterable<Uint8Array> {
  readonly length: number;
  /** Of all documents together, or more; when not given they can be iterated twice. */
  readonly bytes?: number;
}

/** The way into a pipeline, for every protocol. */
export interface DocumentSink {
  /**
   * Takes copies of all documents, or none. `full`: there is no room without dropping others; `stopping`: the pipeline drains.
   * Only documents that were taken count as received. Never throws, awaits or logs.
   */
  offer(documents: Documents): 'accepted' | 'full' | 'stopping';
  /** The same for a whole chunk of the receive thread, which is always taken: what it displaces is counted as dropped. Copies the chunk. */
  push(chunk: Chunk): void;
}

/** Of all documents, in bytes, or more. */
export function totalLengthOf(documents: Documents): number {
  if (documents.bytes !== undefined) return documents.bytes;
  let length = 0;
  for (const document of documents) length += document.length;
  return length;
}

/** Length of a segment document in bytes. */
export function byteLengthOf(segment: Segment): number {
  return segment.end - segment.start;
}
