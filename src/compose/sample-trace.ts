import { randomBytes } from 'node:crypto';
import { encodeTraces } from '../formats/otlp/encode.ts';
import type { TracesData } from '../formats/otlp/messages.ts';
import type { DocumentFormat } from '../pipeline/segment.ts';
import { CHECKOUT_URL, CUSTOMER, EXCEPTION, ORDERS_URL, USER_AGENT, type SampleFacts } from './sample-facts.ts';
import { ordersSpans, webSpans } from './sample-spans.ts';

/** A service's part of a sample trace. */
export interface SamplePart {
  /** As a segment document. */
  readonly segment: string;
  /** The same as OpenTelemetry spans, with the same IDs. */
  readonly spans: TracesData;
}

/** A web request that calls an orders service, whose database call fails. */
export interface SampleTrace {
  /** As X-Ray writes it. */
  readonly traceId: string;
  readonly web: SamplePart;
  readonly orders: SamplePart;
}

/** A new sample trace that ends at `nowMs`. */
export function sampleTrace(nowMs: number): SampleTrace {
  const startMs = nowMs - 250;
  const time = Math.floor(startMs / 1000)
    .toString(16)
    .padStart(8, '0');
  const rest = id(12);
  const [web, validation, call, orders, query] = [id(8), id(8), id(8), id(8), id(8)];
  const facts = { traceId: time + rest, web, validation, call, orders, query, startMs };
  const traceId = `1-${time}-${rest}`;
  return {
    traceId,
    web: { segment: JSON.stringify(webSegment(traceId, facts)), spans: webSpans(facts) },
    orders: { segment: JSON.stringify(ordersSegment(traceId, facts)), spans: ordersSpans(facts) },
  };
}

/** As a pipeline takes it, half of it from an X-Ray SDK and half from OpenTelemetry. */
export function mixedDocuments({ web, orders }: SampleTrace): { format: DocumentFormat; body: Buffer }[] {
  return [
    { format: 'xray', body: Buffer.from(web.segment) },
    { format: 'otlp', body: encodeTraces(orders.spans) },
  ];
}

function webSegment(traceId: string, { web, validation, call, startMs }: SampleFacts): object {
  const start = startMs / 1000;
  return {
    id: web,
    trace_id: traceId,
    name: 'web',
    start_time: start,
    end_time: start + 0.25,
    http: { request: { method: 'POST', url: CHECKOUT_URL, user_agent: USER_AGENT }, response: { status: 409 } },
    error: true,
    annotations: { sample: true, customer: CUSTOMER },
    subsegments: [
      { id: validation, name: 'validate cart', start_time: start + 0.004, end_time: start + 0.031 },
      {
        id: call,
        name: 'orders',
        namespace: 'remote',
        start_time: start + 0.033,
        end_time: start + 0.241,
        http: { request: { method: 'POST', url: ORDERS_URL, traced: true }, response: { status: 409 } },
        error: true,
      },
    ],
  };
}

function ordersSegment(traceId: string, { call, orders, query, startMs }: SampleFacts): object {
  const start = startMs / 1000;
  return {
    id: orders,
    trace_id: traceId,
    parent_id: call,
    name: 'orders',
    start_time: start + 0.041,
    end_time: start + 0.236,
    http: { request: { method: 'POST', url: ORDERS_URL }, response: { status: 409 } },
    error: true,
    subsegments: [
      {
        id: query,
        name: 'DynamoDB',
        namespace: 'aws',
        start_time: start + 0.062,
        end_time: start + 0.229,
        aws: { operation: 'PutItem', table_name: 'orders', region: 'us-east-1', retries: 1 },
        http: { response: { status: 400 } },
        error: true,
        cause: { working_directory: '/app', exceptions: [{ id: id(8), ...EXCEPTION, remote: true }] },
      },
    ],
  };
}

function id(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
