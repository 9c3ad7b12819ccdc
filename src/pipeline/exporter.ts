import type { RejectReason } from './accounting.ts';
import type { Component, ComponentState } from './component.ts';
import type { Batch } from './segment.ts';

/** Where the batches of a pipeline go. */
export interface Exporter extends Component {
  /** What it sends to, as logs name it: "X-Ray". */
  readonly destination: string;
  /** Of one call. A single document may be larger than `maxBytes`. */
  readonly limits: { readonly maxDocuments: number; readonly maxBytes: number };
  readonly state: ComponentState;
  /** When the destination last accepted documents, on the monotonic clock; 0 = never. */
  readonly lastSuccessMs: number;
  /**
   * Tries once to deliver `batch`. Whatever the network or the service does is an outcome, not an exception;
   * a rejected promise is a bug here. When `signal` aborts, the attempt ends as `retry`.
   * The documents may be read until the promise settles; their memory is used again after that.
   */
  export(batch: Batch, signal: AbortSignal): Promise<ExportResult>;
}

/** A document that the destination refused while it accepted others of its batch. */
export interface RefusedDocument {
  /** Its place in the batch. */
  readonly position: number;
  /** The destination's error code, bounded: it is a metric label. */
  readonly code: string;
  /** The code says "not now": the document is sent again, and not counted as refused. */
  readonly isRetryable: boolean;
  /** It is no segment document: counted as rejected, and not as unprocessed. */
  readonly rejectedAs?: RejectReason;
}

export type ExportResult =
  | { readonly kind: 'sent' }
  /** Accepted but for some documents, matched to the batch by position. */
  | { readonly kind: 'partial'; readonly refused: readonly RefusedDocument[] }
  /** Same input may succeed later; `afterMs` is what the service asked for. */
  | { readonly kind: 'retry'; readonly code: string; readonly afterMs?: number }
  /**
   * Same input will fail again. Of several documents one may be to blame: the batcher sends the halves apart.
   * `by: 'gateway'`: something between here and the destination said so, for the size. Halves may pass; a single document is given up only
   * once the destination has answered another call meanwhile: then the document is known to be at fault, and not the connection.
   */
  | { readonly kind: 'rejected'; readonly code: string; readonly by?: 'gateway' };
