import type { RejectReason } from './accounting.ts';
import type { Component } from './component.ts';
import type { Batch } from './segment.ts';

/** Where batches go: X-Ray, or the local X-Ray in its place. */
export interface Exporter extends Component {
  /**
   * Tries once to deliver `batch`. Whatever the network or the service does is an outcome, not an exception;
   * a rejected promise is a bug here. When `signal` aborts, the attempt ends as `retry`.
   * The documents may be read until the promise settles; their memory is used again after that.
   */
  send(batch: Batch, signal: AbortSignal): Promise<ExportResult>;
}

/** A document that X-Ray refused in an answer with HTTP 200, or that is none for the exporter. */
export interface RefusedDocument {
  /** Its place in the batch. */
  readonly position: number;
  /** X-Ray's `ErrorCode`, bounded: it is a metric label. */
  readonly code: string;
  /** The code says "not now": the document is sent again, and not counted as refused. */
  readonly isRetryable: boolean;
  /** It is no segment document: counted as rejected, and not as unprocessed. */
  readonly rejectedAs?: RejectReason;
}

export type ExportResult =
  | { readonly kind: 'sent' }
  /** HTTP 200 in which X-Ray refused some documents, matched to the batch by position. */
  | { readonly kind: 'partial'; readonly refused: readonly RefusedDocument[] }
  /** Same input may succeed later; `afterMs` is what the service asked for. */
  | { readonly kind: 'retry'; readonly code: string; readonly afterMs?: number }
  /**
   * Same input will fail again. Of several documents one may be to blame: the batcher sends the halves apart.
   * `by: 'gateway'`: something between here and X-Ray said so, for the size. Halves may pass; a document that stands alone is given up only
   * when X-Ray has answered another call meanwhile, so that it is known to be the document and not the way.
   */
  | { readonly kind: 'rejected'; readonly code: string; readonly by?: 'gateway' };
