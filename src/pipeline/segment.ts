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
  readonly format: DocumentFormat;
  /** For a receiver that waits for what becomes of the document. */
  readonly ticket?: Ticket | undefined;
}

/**
 * The formats of documents. `xray`: a segment document in JSON. `otlp`: a TracesData message in protobuf, with the spans
 * of one trace and one resource. Spool files number the formats by their place here: append only.
 */
export const DOCUMENT_FORMATS = ['xray', 'otlp'] as const;
export type DocumentFormat = (typeof DOCUMENT_FORMATS)[number];

/** What has become of a document that was offered. */
export type Settlement =
  /** The destination has accepted it. */
  | { readonly kind: 'delivered' }
  /** The destination refused it permanently; `id` and `message` are what the destination said, if it said so. */
  | { readonly kind: 'refused'; readonly code: string; readonly id?: string | null; readonly message?: string }
  /** An attempt failed. The document is kept and sent again: another settlement may follow. */
  | { readonly kind: 'delayed'; readonly error: unknown }
  /** It was lost here, and counted. */
  | { readonly kind: 'dropped' };

/** Called for each document of an offer, by its position in the offer. Must not throw. */
export type OnSettled = (position: number, settlement: Settlement) => void;

/** Identifies a document of an offer. A document that is restored from the spool has none. */
export interface Ticket {
  readonly position: number;
  readonly onSettled: OnSettled;
}

/** The documents of one call of an exporter, within the exporter's limits. */
export type Batch = readonly Segment[];

/**
 * A chunk of the receive thread's ring buffer that is full or has reached its maximum age. Its memory is reused as soon
 * as `push` returns.
 */
export interface Chunk {
  /** Of all its documents. */
  readonly format: DocumentFormat;
  readonly count: number;
  /** The documents, concatenated; document i ends at `ends[i]` and starts where the previous one ends. */
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
  readonly arrivedAtMs: Float64Array;
}

/**
 * The answer to an offer. `full`: the documents do not fit without dropping others, so the sender must keep them and
 * try again later; `too_large`: they would not fit even if nothing else waited; `stopping`: the pipeline is draining.
 */
export type OfferAnswer = 'accepted' | 'full' | 'too_large' | 'stopping';

/**
 * The answer to `keep`. `unwritable`: the disk fails or has no space, so the sender must keep the documents and try
 * again later.
 */
export type KeepAnswer = OfferAnswer | 'unwritable';

/** Why nothing was accepted, for the sender. */
export const REFUSAL_MESSAGES: Readonly<Record<Exclude<KeepAnswer, 'accepted' | 'too_large'>, string>> = {
  full: "xrayd's buffer is full",
  stopping: 'xrayd is stopping',
  unwritable: "xrayd's spool is full, or its disk fails; see the log of xrayd",
};

/** The entry into a pipeline, for every protocol and in both modes. */
export interface DocumentSink {
  /**
   * Copies all documents, or none. Only accepted documents count as received. Never throws, awaits or logs.
   * With `onSettled`, the documents are sent without waiting for others to fill their batch. A format that the exporter
   * does not accept is refused document by document, with `UnsupportedFormat`.
   */
  offer(documents: readonly Uint8Array[], format: DocumentFormat, onSettled?: OnSettled): OfferAnswer;
  /**
   * Like `offer`, for a sender that forgets the documents once it is answered: resolves when they would survive the end
   * of the process. With a spool, they are on disk then; without one, in the buffer. Reads the documents until it
   * resolves; what a disk that hangs reads of them later is discarded. Never rejects.
   */
  keep(documents: readonly Uint8Array[], format: DocumentFormat): Promise<KeepAnswer>;
  /**
   * Copies a whole chunk of a receiver that counts its own documents as received. Always accepts it: documents that it
   * displaces are counted as dropped.
   */
  push(chunk: Chunk): void;
}

/** Length of a segment document in bytes. */
export function byteLengthOf(segment: Segment): number {
  return segment.end - segment.start;
}
