/**
 * One segment document (or subsegment, or OTLP body): bytes, exactly as the client sent them.
 * Nothing on the way to X-Ray parses, re-encodes or trims it.
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

/** What goes to X-Ray in one call: at most 50 documents. */
export type Batch = readonly Segment[];

/** X-Ray takes at most 50 documents in a call. Source: the reference daemon's batch size; open-telemetry/opentelemetry-collector-contrib#203. */
export const MAX_BATCH_SEGMENTS = 50;

/** One full or due chunk of the receive thread's ring buffer. Its memory is reused as soon as `push` returns. */
export interface Chunk {
  readonly count: number;
  /** The documents one after the other; document i ends at `ends[i]` and starts where the one before ended. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly arrivedAtMs: Float64Array;
}

/** Push side of the buffer. */
export interface SegmentSink {
  /** Copies the chunk and returns. Never throws, awaits or logs. */
  push(chunk: Chunk): void;
}

/** The way in for documents that come by TCP. */
export interface SegmentIntake {
  /**
   * Takes the documents in the body of a PutTraceSegments call, all of them or none, and says what X-Ray would. `empty` documents are refused.
   * Only documents that were taken count as received.
   */
  put(body: Buffer): IntakeAnswer;
}

export type IntakeAnswer =
  | { readonly status: 200; readonly empty: number }
  | { readonly status: 400 | 429 | 503; readonly errorType: string; readonly message: string };

/** Length of a segment document in bytes. */
export function byteLengthOf(segment: Segment): number {
  return segment.end - segment.start;
}
