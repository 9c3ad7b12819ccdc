import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeTraces } from '../../../src/formats/otlp/decode.ts';
import { MAX_VALUE_DEPTH, TOO_DEEP, type Decoded, type DecodeLimits } from '../../../src/formats/otlp/decoding.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import type { Span, Value } from '../../../src/formats/otlp/messages.ts';
import { attributes, event, link, resource, span, SPAN, TRACE, traces } from '../../fakes/otlp.ts';

const fixture = (name: string): Buffer => readFileSync(`test/fixtures/otlp/${name}`);

function decoded(body: Uint8Array, limits?: DecodeLimits): Decoded {
  const result = decodeTraces(body, limits);
  if (!result.isDecoded) throw new Error(result.message);
  return result;
}

const spansOf = ({ resourceSpans }: Decoded): Span[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
const decodedSpan = (members: Partial<Span>): Span => spansOf(decoded(encodeTraces(traces([span(members)]))))[0]!;

/** A field with bytes, or with a varint. */
const field = (number: number, value: Uint8Array | number): Buffer =>
  typeof value === 'number'
    ? Buffer.concat([varint(number * 8), varint(value)])
    : Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** A request with these fields in its only span, after those of a valid one. */
const requestWith = (...fields: Uint8Array[]): Buffer => {
  const ids = [field(1, Buffer.from(TRACE, 'hex')), field(2, Buffer.from(SPAN, 'hex'))];
  const start = Buffer.from([7 * 8 + 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  return field(1, field(2, field(2, Buffer.concat([...ids, start, ...fields]))));
};

describe('requests of SDKs', () => {
  test("the request of Python's SDK is decoded", () => {
    const python = decoded(fixture('python-protobuf.bin'));
    expect(python).toMatchObject({ spans: 4, rejected: { spans: 0, message: '' } });
    expect(python.resourceSpans[0]!.resource.attributes).toMatchObject({
      'service.name': 'orders',
      'telemetry.sdk.language': 'python',
    });
  });

  test('the request with gzip is the same', () => {
    expect(decoded(gunzipSync(fixture('python-protobuf-gzip.bin.gz'))).spans).toBe(4);
  });

  test("the request of Node's SDK is decoded", () => {
    const node = decoded(fixture('node-protobuf.bin'));
    expect(node.spans).toBe(3);
    const server = spansOf(node).find(({ name }) => name === 'GET /orders/:id');
    expect(server).toMatchObject({
      kind: 2,
      attributes: { customer: 'grüße 日本 😀', price: 12.5, whole: 3n, paid: true, items: [1n, 2n, 3n] },
      events: [{ name: 'cache.miss', attributes: { key: 'orders/7' } }],
      flags: 769,
    });
  });
});

test('a request without spans is decoded', () => {
  expect(decodeTraces(new Uint8Array())).toEqual({
    isDecoded: true,
    resourceSpans: [],
    spans: 0,
    rejected: { spans: 0, message: '' },
  });
});

test('fields that are unknown are skipped, whatever their wire type', () => {
  const unknown = [
    field(90, 7),
    field(91, Buffer.from('text')),
    Buffer.concat([varint(92 * 8 + 1), Buffer.alloc(8)]),
    Buffer.concat([varint(93 * 8 + 5), Buffer.alloc(4)]),
    Buffer.concat([varint(94 * 8 + 3), field(1, 7), varint(94 * 8 + 4)]),
  ];
  expect(spansOf(decoded(requestWith(...unknown, field(5, Buffer.from('name')))))[0]).toMatchObject({ name: 'name' });
});

test('a field of another wire type than its own is skipped', () => {
  expect(spansOf(decoded(requestWith(field(5, 7))))[0]).toMatchObject({ name: '' });
});

test('a scope that follows its spans is read', () => {
  const scopeSpans = Buffer.concat([
    field(2, Buffer.concat([field(1, Buffer.from(TRACE, 'hex')), field(2, Buffer.from(SPAN, 'hex')), START])),
    field(1, field(1, Buffer.from('library'))),
  ]);
  expect(decoded(field(1, field(2, scopeSpans))).resourceSpans[0]!.scopeSpans[0]).toMatchObject({
    scope: { name: 'library' },
    spans: [{ traceId: TRACE }],
  });
});

const START = Buffer.from([7 * 8 + 1, 1, 0, 0, 0, 0, 0, 0, 0]);

describe('values', () => {
  test.each<[string, Value]>([
    ['the largest integer', 2n ** 63n - 1n],
    ['the smallest integer', -(2n ** 63n)],
    ['an integer that a double cannot hold', 9_007_199_254_740_993n],
    ['-1', -1n],
    ['NaN', NaN],
    ['an infinity', -Infinity],
    ['no value', null],
    ['an empty text', ''],
    ['false', false],
    ['an empty list', []],
  ])('%s is decoded as it was sent', (_, value) => {
    expect(decodedSpan({ attributes: attributes({ key: value }) }).attributes['key']).toEqual(value);
  });

  test('a time in the year 2262 keeps its nanoseconds', () => {
    const time = 9_223_372_036_854_775_807n;
    expect(decodedSpan({ endTimeUnixNano: time }).endTimeUnixNano).toBe(time);
  });

  test('of two attributes with the same key the last one counts', () => {
    const attribute = (text: string): Buffer =>
      field(9, Buffer.concat([field(1, Buffer.from('key')), field(2, field(1, Buffer.from(text)))]));
    expect(spansOf(decoded(requestWith(attribute('first'), attribute('last'))))[0]!.attributes).toEqual({
      key: 'last',
    });
  });

  test('bytes that are not UTF-8 become replacement characters', () => {
    expect(spansOf(decoded(requestWith(field(5, Buffer.from([0x61, 0xff, 0x62])))))[0]!.name).toBe('a\ufffdb');
  });

  test('an attribute may have any key', () => {
    const keys = attributes({ ['__proto__']: 'a', constructor: 'b', '': 'c', '1': 'd' });
    expect(new Map(Object.entries(decodedSpan({ attributes: keys }).attributes))).toEqual(
      new Map(Object.entries(keys)),
    );
  });

  test.each(['list', 'map'])('a %s 1,000 levels deep loses what is too deep, and nothing else', (kind) => {
    let value = field(1, Buffer.from('end'));
    for (let i = 0; i < 1000; i++)
      value = kind === 'list' ? field(5, field(1, value)) : field(6, field(1, field(2, value)));
    const attribute = (key: string, bytes: Buffer): Buffer =>
      field(9, Buffer.concat([field(1, Buffer.from(key)), field(2, bytes)]));
    const before = attribute('before', field(3, 1));
    const after = attribute('after', field(3, 2));
    const read = spansOf(decoded(requestWith(before, attribute('value', value), after)))[0]!.attributes;
    expect(read).toMatchObject({ before: 1n, after: 2n });
    let at: unknown = read['value'];
    let levels = 0;
    for (; typeof at === 'object' && at !== null; levels++) at = Object.values(at)[0];
    expect([levels, at]).toEqual([MAX_VALUE_DEPTH, TOO_DEEP]);
  });
});

describe('spans that cannot be accepted', () => {
  const raw = (traceId: string, spanId: string, ...more: Buffer[]): Buffer =>
    field(
      2,
      Buffer.concat([field(1, Buffer.from(traceId, 'hex')), field(2, Buffer.from(spanId, 'hex')), START, ...more]),
    );
  test.each([
    ['trace_id is missing', '', SPAN],
    ['trace_id is not 16 bytes long', TRACE.slice(2), SPAN],
    ['trace_id is not 16 bytes long', `${TRACE}00`, SPAN],
    ['trace_id is all zeros', '0'.repeat(32), SPAN],
    ['span_id is missing', TRACE, ''],
    ['span_id is not 8 bytes long', TRACE, SPAN.slice(2)],
    ['span_id is all zeros', TRACE, '0'.repeat(16)],
  ])('%s: it is rejected alone', (reason, traceId, spanId) => {
    const good = raw(TRACE, SPAN);
    const request = decoded(field(1, field(2, Buffer.concat([good, raw(traceId, spanId), good]))));
    expect(request).toMatchObject({ spans: 2, rejected: { spans: 1, message: `${reason} (1)` } });
    expect(spansOf(request)).toHaveLength(2);
  });

  test('a parent ID of another length rejects the span, and one of zeros is no parent', () => {
    const parent = (hex: string): Buffer => raw(TRACE, SPAN, field(4, Buffer.from(hex, 'hex')));
    const request = decoded(field(1, field(2, Buffer.concat([parent('abcd'), parent('0'.repeat(16))]))));
    expect(request.rejected).toEqual({ spans: 1, message: 'parent_span_id is not 8 bytes long (1)' });
    expect(spansOf(request)).toMatchObject([{ parentSpanId: '' }]);
  });

  test('a span without a start is rejected, and the message counts each reason', () => {
    const request = decoded(
      encodeTraces(
        traces([
          span({ startTimeUnixNano: 0n }),
          span({ startTimeUnixNano: 0n }),
          span({ traceId: '0'.repeat(32) }),
          span(),
        ]),
      ),
    );
    expect(request.rejected).toEqual({
      spans: 3,
      message: 'start_time_unix_nano is 0 (2), trace_id is all zeros (1)',
    });
  });

  test('a link with an invalid ID is dropped and counted, and its span is kept', () => {
    expect(decodedSpan({ links: [link(), link({ traceId: 'ab' })] })).toMatchObject({
      links: [{ traceId: TRACE }],
      droppedLinksCount: 1,
    });
  });
});

describe('a request that cannot be decoded', () => {
  const body = encodeTraces(
    traces([span({ attributes: attributes({ a: 1n, b: 1.5, c: [true] }), events: [event('e')], links: [link()] })]),
  );

  test('cut at any byte it is malformed', () => {
    for (let length = 1; length < body.length; length++)
      expect(decodeTraces(body.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'malformed' });
  });

  test.each([
    ['a length beyond the end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], 'the message is truncated at byte 6'],
    ['an integer without end', [0x10, ...Array<number>(11).fill(0xff)], 'an integer has more than 10 bytes at byte 11'],
    ['field 0', [0x02, 0x00], 'a field has the number 0 at byte 1'],
    ['a wire type that does not exist', [0x0f], 'a field has an unknown wire type at byte 1'],
    ['a group without end', [0x0b, 0x10, 0x01], 'a group does not end at byte 3'],
    ['groups in groups', Array<number>(100_000).fill(0x0b), 'groups are nested too deeply at byte 33'],
    [
      'a field beyond its message',
      [0x0a, 0x02, 0x1a, 0x05, 1, 1, 1, 1, 1],
      'a field extends beyond its message at byte 9',
    ],
  ])('%s', (_, bytes, message) => {
    expect(decodeTraces(Buffer.from(bytes))).toEqual({ isDecoded: false, code: 'malformed', message });
  });
});

describe('limits', () => {
  const limits: DecodeLimits = { maxSpans: 3, maxAttributes: 2, maxItems: 20 };

  test('more spans than the limit are refused before they are allocated', () => {
    const request = encodeTraces(traces([span(), span(), span(), span()]));
    expect(decodeTraces(request, limits)).toEqual({
      isDecoded: false,
      code: 'too_large',
      message: 'the request has more than 3 spans',
    });
  });

  test('attributes beyond the limit are dropped and counted like those that the SDK dropped', () => {
    const many = attributes({ a: 1n, b: 2n, c: 3n, d: 4n });
    const request = decoded(
      encodeTraces(traces([span({ attributes: many, droppedAttributesCount: 5 })], { resource: resource({ x: 1n }) })),
      limits,
    );
    expect(spansOf(request)[0]).toMatchObject({ attributes: { a: 1n, b: 2n }, droppedAttributesCount: 7 });
  });

  test('10,000 attributes of a span are kept', () => {
    const many = attributes(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i])));
    expect(Object.keys(decodedSpan({ attributes: many }).attributes)).toHaveLength(10_000);
  });

  test.each([
    ['events', [span({ events: Array.from({ length: 30 }, () => event('')) })]],
    ['values of a list', [span({ attributes: attributes({ list: Array<Value>(30).fill(null) }) })]],
    ['attributes of many spans', Array.from({ length: 3 }, () => span({ events: Array(10).fill(event('e')) }))],
  ])('%s beyond the limit of the request refuse it', (_, spans) => {
    expect(decodeTraces(encodeTraces(traces(spans)), limits)).toMatchObject({ code: 'too_large' });
  });
});
