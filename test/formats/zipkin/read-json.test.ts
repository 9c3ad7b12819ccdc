import fc from '../../fakes/fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../src/json/json.ts';
import { isRefusal } from '../../../src/trace/refusal.ts';
import type { Decoded, DecodeLimits } from '../../../src/formats/otlp/decoding.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import type { Span } from '../../../src/formats/otlp/messages.ts';
import { segmentTexts } from '../../../src/formats/otlp/segment/convert.ts';
import { readDocument } from '../../../src/formats/xray/validate.ts';
import { readZipkinJson } from '../../../src/formats/zipkin/read-json.ts';

const TRACE = '6929d510abcdef000000000000000001';
const SPAN = '53995c3f42cd8ad8';
const PARENT = 'b89d9a3f9409cfcb';

const zipkin = (members: object = {}): object => ({
  traceId: TRACE,
  id: SPAN,
  name: 'get',
  timestamp: 1_764_349_296_000_001,
  duration: 1500,
  localEndpoint: { serviceName: 'front' },
  ...members,
});

function read(spans: readonly unknown[], limits?: DecodeLimits): Decoded {
  const result = readZipkinJson(JSON.stringify(spans), limits);
  if (!result.isDecoded) throw new Error(result.message);
  return result;
}

const spansOf = ({ resourceSpans }: Decoded): Span[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
const spanOf = (members: object = {}): Span => spansOf(read([zipkin(members)]))[0]!;
const segmentsOf = (...spans: readonly unknown[]): Json[] =>
  segmentTexts(read(spans)).map((text) => JSON.parse(text) as Json);

test('a span has the times of its timestamp and duration, and its service as a resource', () => {
  const { resourceSpans } = read([zipkin()]);
  expect(resourceSpans).toMatchObject([
    {
      resource: { attributes: { 'service.name': 'front' } },
      scopeSpans: [
        {
          spans: [
            {
              traceId: TRACE,
              spanId: SPAN,
              parentSpanId: '',
              name: 'get',
              startTimeUnixNano: 1_764_349_296_000_001_000n,
              endTimeUnixNano: 1_764_349_296_001_501_000n,
            },
          ],
        },
      ],
    },
  ]);
});

test.each([
  ['a trace ID of 64 bits', { traceId: '463ac35c9f6413ad' }, { traceId: '0000000000000000463ac35c9f6413ad' }],
  [
    'an ID without its leading zeros',
    { traceId: '1', id: 'ab' },
    { traceId: `${'0'.repeat(31)}1`, spanId: '00000000000000ab' },
  ],
  ['an ID in upper case', { id: SPAN.toUpperCase() }, { spanId: SPAN }],
  ['a parent', { parentId: PARENT }, { parentSpanId: PARENT }],
  ['a parent that is the span itself', { parentId: SPAN }, { parentSpanId: '' }],
  ['no duration', { duration: undefined }, { endTimeUnixNano: 1_764_349_296_000_001_000n }],
  ['no name', { name: undefined }, { name: '' }],
  ['no kind', {}, { kind: 0 }],
  ['the kind CLIENT', { kind: 'CLIENT' }, { kind: 3 }],
  ['the kind SERVER', { kind: 'SERVER' }, { kind: 2 }],
  ['the kind PRODUCER', { kind: 'PRODUCER' }, { kind: 4 }],
  ['the kind CONSUMER', { kind: 'CONSUMER' }, { kind: 5 }],
  ['an unknown kind', { kind: 'constructor' }, { kind: 0 }],
  ['the tag span.kind', { tags: { 'span.kind': 'internal' } }, { kind: 1, attributes: {} }],
  [
    'the local end',
    { localEndpoint: { ipv4: '10.0.0.1', port: 8080 } },
    { attributes: { 'network.local.address': '10.0.0.1', 'network.local.port': 8080n } },
  ],
  [
    'the end that is called',
    { kind: 'CLIENT', remoteEndpoint: { serviceName: 'back', ipv6: '::1', port: 80 } },
    { attributes: { 'peer.service': 'back', 'net.peer.ip': '::1', 'net.peer.port': 80n } },
  ],
  [
    'the end that calls',
    { kind: 'SERVER', remoteEndpoint: { serviceName: 'browser' } },
    { attributes: { 'net.peer.name': 'browser' } },
  ],
  ['a tag', { tags: { 'http.path': '/a', n: 5 } }, { attributes: { 'http.path': '/a', n: '5' } }],
  ['an HTTP status', { tags: { 'http.status_code': '500' } }, { attributes: { 'http.status_code': 500n } }],
  ['the tag error=true', { tags: { error: 'true' } }, { status: { code: 2, message: '' }, attributes: {} }],
  [
    'the tag error with a text',
    { tags: { error: 'no' } },
    { status: { code: 2, message: 'no' }, attributes: { error: 'no' } },
  ],
  ['an empty tag error', { tags: { error: '' } }, { status: { code: 2, message: '' }, attributes: { error: '' } }],
  [
    'a status of OpenTelemetry',
    { tags: { 'otel.status_code': 'OK', 'otel.status_description': 'fine' } },
    { status: { code: 1, message: 'fine' }, attributes: {} },
  ],
  ['a status of the collector', { tags: { 'otel.status_code': 'STATUS_CODE_ERROR' } }, { status: { code: 2 } }],
  ['a trace state', { tags: { 'w3c.tracestate': 'a=b' } }, { traceState: 'a=b', attributes: {} }],
  [
    'a link',
    { tags: { 'otlp.link.0': `${TRACE}|${PARENT}|a=b|{"k":1}|0` } },
    { links: [{ traceId: TRACE, spanId: PARENT, traceState: 'a=b', attributes: { k: 1n } }], attributes: {} },
  ],
  ['a link without IDs', { tags: { 'otlp.link.0': 'x' } }, { links: [], droppedLinksCount: 1 }],
  [
    'an annotation',
    { annotations: [{ timestamp: 1_764_349_296_000_002, value: 'cache.miss' }, 5] },
    { events: [{ timeUnixNano: 1_764_349_296_000_002_000n, name: 'cache.miss', attributes: {} }] },
  ],
  [
    'an annotation with attributes',
    { annotations: [{ timestamp: 1, value: 'exception|{"exception.type":"E|F","n":[1,1.5,null]}|2' }] },
    {
      events: [
        { name: 'exception', attributes: { 'exception.type': 'E|F', n: [1n, 1.5, null] }, droppedAttributesCount: 2 },
      ],
    },
  ],
  ['an annotation with bars', { annotations: [{ timestamp: 1, value: 'a|b|c' }] }, { events: [{ name: 'a|b|c' }] }],
])('%s', (_, members, expected) => {
  const { attributes, ...rest } = expected as { attributes?: object };
  expect(spanOf(members)).toMatchObject(rest);
  if (attributes !== undefined) expect(spanOf(members).attributes).toEqual(attributes);
});

test('tags of resources and scopes belong to them, and spans of the same ones are together', () => {
  const tags = {
    'k8s.pod.name': 'p',
    'faas.name': 'f',
    'service.peer.name': 'x',
    'otel.scope.name': 'brave',
    'otel.library.version': '1',
  };
  const { resourceSpans } = read([zipkin({ tags }), zipkin(), zipkin({ tags: { ...tags, own: 'y' } })]);
  expect(resourceSpans).toHaveLength(2);
  expect(resourceSpans[0]).toMatchObject({
    resource: { attributes: { 'service.name': 'front', 'k8s.pod.name': 'p', 'faas.name': 'f' } },
    scopeSpans: [{ scope: { name: 'brave', version: '1' }, spans: [{ attributes: { 'service.peer.name': 'x' } }, {}] }],
  });
});

describe('a span that client and server share', () => {
  const client = zipkin({ kind: 'CLIENT', parentId: PARENT, remoteEndpoint: { serviceName: 'back' } });
  const back = { localEndpoint: { serviceName: 'back' } };
  const server = zipkin({ kind: 'SERVER', parentId: PARENT, shared: true, ...back });
  const query = zipkin({ id: '1'.repeat(16), parentId: SPAN, ...back });
  const other = zipkin({ id: '2'.repeat(16), parentId: SPAN });

  test("the server's half is a child of the client's, with an ID of its own", () => {
    const [one, two] = spansOf(read([client, server]));
    expect(one).toMatchObject({ spanId: SPAN, parentSpanId: PARENT });
    expect(two).toMatchObject({ parentSpanId: SPAN });
    expect(two!.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(two!.spanId).not.toBe(SPAN);
    expect(spansOf(read([server]))[0]!.spanId).toBe(two!.spanId);
  });

  test('a sidecar proxy and the server behind it have a half each', () => {
    const sidecar = zipkin({ kind: 'SERVER', shared: true, localEndpoint: { serviceName: 'back.default' } });
    const ids = spansOf(read([client, sidecar, server])).map(({ spanId }) => spanId);
    expect(new Set(ids).size).toBe(3);
  });

  test("the server's other spans are inside its half, and those of the client are not", () => {
    const spans = spansOf(read([client, query, other, server]));
    const half = spans.find(({ parentSpanId, kind }) => kind === 2 && parentSpanId === SPAN)!;
    expect(spans.find(({ spanId }) => spanId === '1'.repeat(16))!.parentSpanId).toBe(half.spanId);
    expect(spans.find(({ spanId }) => spanId === '2'.repeat(16))!.parentSpanId).toBe(SPAN);
  });
});

describe('as segments', () => {
  test('a call is named by what it calls, and the server by itself', () => {
    const remote = { remoteEndpoint: { serviceName: 'back', ipv4: '10.0.0.2' } };
    expect(segmentsOf(zipkin({ kind: 'CLIENT', parentId: PARENT, ...remote }))).toMatchObject([
      { name: 'back', namespace: 'remote', type: 'subsegment' },
    ]);
    expect(segmentsOf(zipkin({ kind: 'SERVER', remoteEndpoint: { serviceName: 'browser' } }))).toMatchObject([
      { name: 'front' },
    ]);
  });

  test('a status that is a text is a number, and a fault', () => {
    const tags = { 'http.status_code': '500', 'http.method': 'GET', 'http.path': '/a' };
    expect(segmentsOf(zipkin({ kind: 'SERVER', tags }))).toMatchObject([
      { fault: true, http: { request: { method: 'GET' }, response: { status: 500 } } },
    ]);
  });

  test("a call's URL is made of its address and http.path, and there is no URL without an address", () => {
    const tags = { 'http.method': 'GET', 'http.path': '/a' };
    const call = zipkin({ kind: 'CLIENT', tags, remoteEndpoint: { ipv4: '10.0.0.2', port: 8080 } });
    expect(segmentsOf(call)).toMatchObject([{ http: { request: { url: 'http://10.0.0.2:8080/a' } } }]);
    const [server] = segmentsOf(zipkin({ kind: 'SERVER', tags, localEndpoint: { serviceName: 'front', port: 8080 } }));
    expect(server!['http']).toEqual({ request: { method: 'GET' } });
  });

  test('a query without HTTP has no block http', () => {
    const remote = { remoteEndpoint: { serviceName: 'redis', ipv4: '10.0.0.2', port: 6379 } };
    expect(segmentsOf(zipkin({ kind: 'CLIENT', ...remote }))[0]).not.toHaveProperty('http');
  });
});

test.each([
  ['timestamp is missing', { timestamp: undefined }],
  ['timestamp is missing', { timestamp: 0 }],
  ['timestamp is missing', { timestamp: '5' }],
  ['trace_id is missing', { traceId: undefined }],
  ['trace_id is not hexadecimal', { traceId: 'g' }],
  ['trace_id is not 16 bytes long', { traceId: `${TRACE}0` }],
  ['trace_id is all zeros', { traceId: '0' }],
  ['span_id is missing', { id: 5 }],
  ['span_id is all zeros', { id: '0'.repeat(16) }],
  ['parent_span_id is not 8 bytes long', { parentId: `${SPAN}0` }],
])('%s: the span is rejected alone', (reason, members) => {
  expect(read([zipkin(), zipkin(members), zipkin()])).toMatchObject({
    spans: 2,
    rejected: { spans: 1, message: `${reason} (1)` },
  });
});

test.each([
  ['no JSON', 'x', 'the body is not JSON'],
  ['an object', '{}', 'the body is not a list'],
  ['deep JSON', '['.repeat(100_000), 'the JSON is nested more than 64 levels deep'],
])('%s is refused', (_, text, message) => {
  expect(readZipkinJson(text)).toEqual({ isDecoded: false, code: 'malformed', message });
});

test('items of a list that are no spans are rejected, and limits are kept', () => {
  expect(read([5, zipkin()]).rejected).toEqual({ spans: 1, message: 'a span is not an object (1)' });
  const limits: DecodeLimits = { maxSpans: 2, maxAttributes: 2, maxItems: 100 };
  expect(readZipkinJson(JSON.stringify([zipkin(), zipkin(), zipkin()]), limits)).toMatchObject({ code: 'too_large' });
  expect(Object.keys(spansOf(read([zipkin({ tags: { a: 'a', b: 'b', c: 'c' } })], limits))[0]!.attributes)).toEqual([
    'a',
    'b',
  ]);
  expect(readZipkinJson(`[${'0,'.repeat(1000)}0]`, limits)).toMatchObject({ code: 'too_large' });
});

test('any list of spans is a request, whose segments X-Ray accepts', () => {
  const id = fc.oneof(fc.string(), fc.constantFrom(TRACE, SPAN, PARENT, undefined, 5));
  const text = fc.oneof(fc.string(), fc.constantFrom('true', '500', 'a|{"b":{}}|1', 'CLIENT', 'SERVER'));
  const endpoint = fc.record({ serviceName: text, ipv4: text, port: fc.integer() }, { requiredKeys: [] });
  const anySpan = fc.record(
    {
      traceId: fc.oneof(fc.constant(TRACE), id),
      id: fc.oneof(fc.constant(SPAN), id),
      parentId: fc.constantFrom(PARENT, SPAN, undefined, 'x'),
      kind: text,
      name: text,
      timestamp: fc.oneof(fc.integer({ min: 1 }), fc.double()),
      duration: fc.double(),
      shared: fc.boolean(),
      localEndpoint: endpoint,
      remoteEndpoint: endpoint,
      tags: fc.dictionary(fc.oneof(text, fc.constantFrom('error', 'http.status_code', 'otlp.link.1')), text),
      annotations: fc.array(fc.record({ timestamp: fc.double(), value: text })),
    },
    { requiredKeys: ['traceId', 'id', 'timestamp'] },
  );
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(anySpan, fc.anything())), (spans) => {
      const body = JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
      const request = readZipkinJson(body);
      if (!request.isDecoded) return;
      accepted += request.spans;
      encodeTraces(request);
      expect(segmentTexts(request).map(readDocument).filter(isRefusal)).toEqual([]);
      expect(request.spans + request.rejected.spans).toBe(spans.length);
    }),
  );
  expect(accepted).toBeGreaterThan(30);
});
