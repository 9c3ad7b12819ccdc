import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { KIND, newSpan, type Attributes, type Span, type TracesData } from '../../src/formats/otlp/messages.ts';
import { writeTracesJson } from '../../src/formats/otlp/write-json.ts';

/** Spans of a request, as SDKs batch them, and of a trace. */
export const SPANS_A_REQUEST = 100;
const SPANS_A_TRACE = 10;

/** Ids of the template, which are replaced in each request. The first digits cannot come from a number of a span. */
const traceMark = (trace: number): string => `feed0000${'ab'.repeat(10)}${hex(trace, 4)}`;
const spanMark = (span: number): string => `feed${'cd'.repeat(4)}${hex(span, 4)}`;
/** Seconds, so that the marks of times have the length of the times. */
const START_MARK = 1_111_111_111_111_111_111n;
const END_MARK = 1_222_222_222_222_222_222n;

/** Requests of numbered spans: encoded once, after that only ids and times are written. */
export class SpanRequests {
  readonly #template: Buffer;
  readonly #places: readonly Place[];
  readonly #isText: boolean;

  constructor(encoding: 'protobuf' | 'json') {
    const traces = templateTraces();
    this.#isText = encoding === 'json';
    this.#template = this.#isText ? Buffer.from(writeTracesJson(traces)) : encodeTraces(traces);
    this.#places = placesIn(this.#template, this.#isText);
  }

  /** The request with the spans from number `first` on, which ended at `nowMs`. */
  request(first: number, nowMs: number): Buffer {
    const body = Buffer.from(this.#template);
    const epoch = hex(Math.floor(nowMs / 1000), 8);
    const end = BigInt(nowMs) * 1_000_000n;
    for (const { at, kind, index } of this.#places) {
      if (kind === 'trace') this.#writeHex(body, at, epoch + hex(first / SPANS_A_TRACE + index + 1, 24));
      else if (kind === 'span') this.#writeHex(body, at, hex(first + index + 1, 16));
      else this.#writeTime(body, at, kind === 'end' ? end : end - 20_000_000n);
    }
    return body;
  }

  #writeHex(body: Buffer, at: number, digits: string): void {
    body.write(digits, at, this.#isText ? 'latin1' : 'hex');
  }

  #writeTime(body: Buffer, at: number, nanos: bigint): void {
    if (this.#isText) body.write(String(nanos), at, 'latin1');
    else body.writeBigUInt64LE(nanos, at);
  }
}

/** Numbers of the spans in a segment document, which may contain subsegments; -1 for one that was never sent. */
export function numbersIn(document: string): number[] {
  const numbers: number[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fake X-Ray has checked its form
  const open = [JSON.parse(document) as SegmentDocument];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const number = Number.parseInt(next.id, 16) - 1;
    numbers.push(Number.isSafeInteger(number) && next.id.startsWith('0') ? number : -1);
    open.push(...(next.subsegments ?? []));
  }
  return numbers;
}

interface SegmentDocument {
  readonly id: string;
  readonly subsegments?: readonly SegmentDocument[];
}

interface Place {
  readonly at: number;
  readonly kind: 'trace' | 'span' | 'start' | 'end';
  readonly index: number;
}

/** Ten traces of a service: a request, and the calls, queries and steps under it. Each span has seven attributes. */
function templateTraces(): TracesData {
  const spans = Array.from({ length: SPANS_A_REQUEST }, (_, n) => templateSpan(n));
  const resource = {
    attributes: attributes({
      'service.name': 'shop',
      'service.version': '1.4.2',
      'telemetry.sdk.language': 'python',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.version': '1.38.0',
      'deployment.environment.name': 'production',
      'host.name': 'ip-10-0-3-17',
    }),
    droppedAttributesCount: 0,
  };
  const scope = { name: 'opentelemetry.instrumentation.flask', version: '0.59b0', ...resource };
  return {
    resourceSpans: [
      {
        resource,
        schemaUrl: '',
        scopeSpans: [{ scope: { ...scope, attributes: attributes({}) }, schemaUrl: '', spans }],
      },
    ],
  };
}

function templateSpan(n: number): Span {
  const place = n % SPANS_A_TRACE;
  const members = {
    ...newSpan(),
    traceId: traceMark(Math.floor(n / SPANS_A_TRACE)),
    spanId: spanMark(n),
    parentSpanId: place === 0 ? '' : spanMark(n - place),
    startTimeUnixNano: START_MARK,
    endTimeUnixNano: END_MARK,
  };
  if (place === 0) {
    return {
      ...members,
      name: 'GET /orders/<id>',
      kind: KIND.server,
      attributes: attributes({
        'http.request.method': 'GET',
        'url.path': '/orders/4711',
        'url.scheme': 'http',
        'server.address': 'shop.example',
        'http.route': '/orders/<id>',
        'http.response.status_code': 200n,
        'user_agent.original': 'curl/8.5.0',
      }),
    };
  }
  if (place % 3 === 1) {
    return {
      ...members,
      name: 'GET',
      kind: KIND.client,
      attributes: attributes({
        'http.request.method': 'GET',
        'url.full': 'http://stock.example/items/17',
        'server.address': 'stock.example',
        'server.port': 80n,
        'http.response.status_code': 200n,
        'network.protocol.version': '1.1',
        'shop.attempt': 1n,
      }),
    };
  }
  if (place % 3 === 2) {
    return {
      ...members,
      name: 'SELECT orders',
      kind: KIND.client,
      attributes: attributes({
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.query.text': 'SELECT * FROM orders WHERE id = $1',
        'db.operation.name': 'SELECT',
        'server.address': 'db.example',
        'server.port': 5432n,
        'db.response.returned_rows': 1n,
      }),
    };
  }
  return {
    ...members,
    name: 'price',
    attributes: attributes({
      'shop.items': 3n,
      'shop.currency': 'EUR',
      'shop.total': 99.5,
      'shop.is_member': true,
      'shop.customer': 'c-4711',
      'code.function.name': 'price',
      'thread.id': 17n,
    }),
  };
}

function attributes(values: Attributes): Attributes {
  return values;
}

/** Where the marks are in the encoded template. */
function placesIn(template: Buffer, isText: boolean): Place[] {
  const places: Place[] = [];
  const find = (mark: Buffer, kind: Place['kind'], index: number): void => {
    for (let at = template.indexOf(mark); at >= 0; at = template.indexOf(mark, at + mark.length))
      places.push({ at, kind, index });
  };
  const bytesOf = (digits: string): Buffer => Buffer.from(digits, isText ? 'latin1' : 'hex');
  for (let trace = 0; trace < SPANS_A_REQUEST / SPANS_A_TRACE; trace++) find(bytesOf(traceMark(trace)), 'trace', trace);
  for (let span = 0; span < SPANS_A_REQUEST; span++) find(bytesOf(spanMark(span)), 'span', span);
  find(timeBytes(START_MARK, isText), 'start', 0);
  find(timeBytes(END_MARK, isText), 'end', 0);
  return places;
}

function timeBytes(nanos: bigint, isText: boolean): Buffer {
  if (isText) return Buffer.from(String(nanos));
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(nanos);
  return bytes;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
