import type { Json } from '../json/json.ts';

/** A log record that belongs to a trace: a member of `Logs` of `GET /api/traces/ID/logs`. */
export interface TraceLog {
  /** Seconds since the epoch: when it happened, or else when it was observed. */
  readonly time: number;
  /** 16 hex digits; "" without a span. */
  readonly spanId: string;
  /** OTLP's number, from 1 (TRACE) to 24 (FATAL4); 0 if unknown. */
  readonly severity: number;
  /** The severity as the application calls it; "" if it does not. */
  readonly level: string;
  readonly body: unknown;
  readonly attributes: Json;
  /** Name of the event that it is; "" for an ordinary record. */
  readonly event: string;
  /** Name of the logger or library; "" without one. */
  readonly scope: string;
  /** `service.name` of its resource; "" without one. */
  readonly service: string;
}

/** A log record, and the trace that it belongs to. */
export interface LogOfTrace {
  /** In X-Ray's form. */
  readonly traceId: string;
  readonly log: TraceLog;
}
