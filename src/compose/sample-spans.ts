import {
  KIND,
  newEvent,
  newResource,
  newScope,
  newSpan,
  STATUS,
  type Attributes,
  type Span,
  type TracesData,
} from '../formats/otlp/messages.ts';
import { CHECKOUT_URL, CUSTOMER, EXCEPTION, ORDERS_URL, USER_AGENT, type SampleFacts } from './sample-facts.ts';

type Times = readonly [startMs: number, endMs: number];

/** The web request as OpenTelemetry's instrumentation reports it. */
export function webSpans({ traceId, web, validation, call, startMs }: SampleFacts): TracesData {
  const make = makerOf(traceId, startMs);
  return spansOf('web', [
    make(web, '', 'POST /checkout', [0, 250], {
      kind: KIND.server,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/checkout',
        'url.full': CHECKOUT_URL,
        'http.response.status_code': 409n,
        'user_agent.original': USER_AGENT,
        sample: true,
        customer: CUSTOMER,
        'aws.xray.annotations': ['sample', 'customer'],
      },
    }),
    make(validation, web, 'validate cart', [4, 31], { kind: KIND.internal }),
    make(call, web, 'POST', [33, 241], {
      kind: KIND.client,
      attributes: {
        'http.request.method': 'POST',
        'url.full': ORDERS_URL,
        'service.peer.name': 'orders',
        'http.response.status_code': 409n,
      },
      status: { code: STATUS.error, message: '' },
    }),
  ]);
}

/** The orders service, as OpenTelemetry's instrumentation reports it. */
export function ordersSpans({ traceId, call, orders, query, startMs }: SampleFacts): TracesData {
  const make = makerOf(traceId, startMs);
  return spansOf('orders', [
    make(orders, call, 'POST /orders', [41, 236], {
      kind: KIND.server,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/orders',
        'url.full': ORDERS_URL,
        'http.response.status_code': 409n,
      },
      events: [{ ...newEvent(), name: 'stock reserved', timeUnixNano: nanos(startMs + 58) }],
    }),
    make(query, orders, 'DynamoDB.PutItem', [62, 229], {
      kind: KIND.client,
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'DynamoDB',
        'rpc.method': 'PutItem',
        'aws.dynamodb.table_names': ['orders'],
        'aws.region': 'us-east-1',
        'http.response.status_code': 400n,
      },
      events: [
        {
          ...newEvent(),
          name: 'exception',
          timeUnixNano: nanos(startMs + 229),
          attributes: { 'exception.type': EXCEPTION.type, 'exception.message': EXCEPTION.message },
        },
      ],
      status: { code: STATUS.error, message: EXCEPTION.message },
    }),
  ]);
}

function makerOf(traceId: string, startMs: number) {
  return (
    spanId: string,
    parentSpanId: string,
    name: string,
    [from, to]: Times,
    members: Partial<Span> & Pick<Span, 'kind'>,
  ): Span => ({
    ...newSpan(),
    traceId,
    spanId,
    parentSpanId,
    name,
    startTimeUnixNano: nanos(startMs + from),
    endTimeUnixNano: nanos(startMs + to),
    ...members,
  });
}

function nanos(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

function spansOf(service: string, spans: Span[]): TracesData {
  const attributes: Attributes = {
    'service.name': service,
    'service.version': '1.0.0',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
  };
  const scope = { ...newScope(), name: 'xrayd send' };
  return {
    resourceSpans: [
      { resource: { ...newResource(), attributes }, schemaUrl: '', scopeSpans: [{ scope, schemaUrl: '', spans }] },
    ],
  };
}
