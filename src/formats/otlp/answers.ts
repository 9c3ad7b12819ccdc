import type { Rejected } from './decoding.ts';
import { WireWriter } from './wire-writer.ts';

/** The encodings of OTLP over HTTP; gRPC has the first one. */
export type Encoding = 'protobuf' | 'json';

/** Signals that only the local X-Ray accepts. */
export type OtherSignal = 'logs' | 'metrics';
type Signal = 'traces' | OtherSignal;

/** The member of a partial success that counts what was rejected. In protobuf, they all have the same number. */
const REJECTED: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/**
 * An `ExportTraceServiceResponse`, or the response of another signal. `partial_success`, which clients log, is set only
 * if something was rejected or there is a message. Source: OTLP specification, partial success.
 */
export function exportAnswer({ spans, message }: Rejected, encoding: Encoding, signal: Signal = 'traces'): Buffer {
  const isPartial = spans > 0 || message !== '';
  if (encoding === 'json') {
    const partialSuccess = { [REJECTED[signal]]: String(spans), errorMessage: message };
    return Buffer.from(JSON.stringify(isPartial ? { partialSuccess } : {}));
  }
  const writer = new WireWriter();
  if (isPartial) {
    writer.message(1, () => {
      if (spans > 0) writer.int64(1, BigInt(spans));
      writer.text(2, message);
    });
  }
  return writer.finish();
}

/** gRPC's status codes that a receiver answers with. Source: google/rpc/code.proto. */
export const RPC_CODE = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** A `google.rpc.Status`: the body of every answer that is no success. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** When the client may try again: a detail of the kind `RetryInfo`. */
  readonly retryAfterMs?: number | undefined;
}

export function statusAnswer({ code, message, retryAfterMs }: RpcStatus, encoding: Encoding): Buffer {
  if (encoding === 'json') {
    const details =
      retryAfterMs === undefined ? {} : { details: [{ '@type': RETRY_INFO, retryDelay: `${retryAfterMs / 1000}s` }] };
    return Buffer.from(JSON.stringify({ code, message, ...details }));
  }
  const writer = new WireWriter();
  writer.uint32(1, code);
  writer.text(2, message);
  if (retryAfterMs !== undefined) {
    writer.message(3, () => {
      writer.text(1, RETRY_INFO);
      writer.message(2, () => {
        writer.message(1, () => {
          writer.uint32(1, Math.trunc(retryAfterMs / 1000));
          writer.uint32(2, Math.round((retryAfterMs % 1000) * 1e6));
        });
      });
    });
  }
  return writer.finish();
}
