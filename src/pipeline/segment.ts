/**
 * One segment document (or subsegment, or OTLP body): the exact bytes that the client sent.
 * No pipeline parses, re-encodes or trims them.
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

/** The documents of one call of an exporter, within the exporter's limits. */
export type Batch = readonly Segment[];

/** A chunk of the receive thread's ring buffer that is full or has reached its maximum age. Its memory is reused as soon as `push` returns. */
export interface Chunk {
  readonly count: number;
  /** The documents, concatenated; document i ends at `ends[i]` and starts where the previous one ends. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly arrivedAtMs: Float64Array;
}

/** The entry into a pipeline, for every protocol. */
export interface DocumentSink {
  /**
   * Copies all documents, or none. `full`: they do not fit without dropping others; `stopping`: the pipeline is draining.
   * Only accepted documents count as received. Never throws, awaits or logs.
   */
  offer(documents: readonly Uint8Array[]): 'accepted' | 'full' | 'stopping';
  /** Copies a whole chunk of the receive thread. Always accepts it: documents that it displaces are counted as dropped. */
  push(chunk: Chunk): void;
}

/** Length of a segment document in bytes. */
export function byteLengthOf(segment: Segment): number {
  return segment.end - segment.start;
}
