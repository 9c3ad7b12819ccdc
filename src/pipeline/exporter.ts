import type { RejectReason } from './accounting.ts';
import type { Component, ComponentState } from './component.ts';
import type { Batch, DocumentFormat } from './segment.ts';

/** Where the batches of a pipeline go. */
export interface Exporter extends Component {
  /** The destination's name in logs: "X-Ray". */
  readonly destination: string;
  /** The formats of the documents that it exports. */
  readonly accepts: readonly DocumentFormat[];
  /** Limits of one call. A single document may be larger than `maxBytes`. */
  readonly limits: { readonly maxDocuments: number; readonly maxBytes: number };
  readonly state: ComponentState;
  /** When the destination last accepted documents, on the monotonic clock; 0 = never. */
  readonly lastSuccessMs: number;
  /**
   * Tries once to deliver `batch`. Every failure of the network or the service is a result, not an exception;
   * a rejected promise is a bug in the exporter. When `signal` aborts, the attempt ends as `retry`.
   * The documents may be read until the promise settles; after that their memory is reused.
   */
  export(batch: Batch, signal: AbortSignal): Promise<ExportResult>;
}

/** A document that the destination refused while it accepted others of its batch. */
export interface RefusedDocument {
  /** Its place in the batch. */
  readonly position: number;
  /** The destination's error code, bounded: it is a metric label. */
  readonly code: string;
  /** The code means "not now": the document is sent again, and not counted as refused. */
  readonly isRetryable: boolean;
  /** The document is not a segment document: it counts as rejected, not as unprocessed. */
  readonly rejectedAs?: RejectReason;
  /** The destination's own words, for a receiver that passes them on. */
  readonly id?: string | null;
  readonly message?: string;
}

export type ExportResult =
  | { readonly kind: 'sent' }
  /** Accepted except for some documents, matched to the batch by position. */
  | { readonly kind: 'partial'; readonly refused: readonly RefusedDocument[] }
  /**
   * The same input may succeed later; `afterMs` is the delay that the service asked for, and `error` is for a receiver
   * that waits.
   */
  | { readonly kind: 'retry'; readonly code: string; readonly afterMs?: number; readonly error?: unknown }
  /**
   * The same input will fail again. One of several documents may be the cause: the batcher sends each half separately.
   * `by: 'gateway'`: an intermediary, such as a proxy, refused the request because of its size. Halves may pass. A
   * single document is given up only after the destination has answered another call: that shows that the document is
   * at fault, and not the connection.
   */
  | { readonly kind: 'rejected'; readonly code: string; readonly by?: 'gateway' };
