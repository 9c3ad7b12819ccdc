import fc from '../../../fakes/fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/json/json.ts';
import { isRefusal } from '../../../../src/trace/refusal.ts';
import { readDocument } from '../../../../src/formats/xray/validate.ts';
import { KIND, type Span, type TracesData, type Value } from '../../../../src/formats/otlp/messages.ts';
import { segmentTexts } from '../../../../src/formats/otlp/segment/convert.ts';
import { DEFAULT_OPTIONS } from '../../../../src/formats/otlp/segment/options.ts';
import { clientOf, converted, segmentOf, type Members } from '../../../fakes/segments-of.ts';
import {
  CONVERSION_KEYS,
  anyAttributes,
  anySpan,
  attributes,
  event,
  resource,
  scope,
  span,
  traces,
} from '../../../fakes/otlp.ts';

const refusals = (texts: readonly string[]): string[] =>
  texts.map(readDocument).filter(isRefusal).map(({ code }) => code); // prettier-ignore

test('a worker without a server span is a segment per span without a parent', () => {
  for (const kind of ['client', 'producer', 'internal'] as const)
    expect(segmentOf({ kind: KIND[kind] })).not.toHaveProperty('type');
});

test.each(['500', 500n, 500])('the HTTP status %s is a number, and a fault', (status) => {
  expect(clientOf({ 'http.status_code': status })).toMatchObject({ fault: true, http: { response: { status: 500 } } });
});

test.each([
  ['http.method', 'http.request.method', { http: { request: { method: 'stable' } } }],
  ['http.user_agent', 'user_agent.original', { http: { request: { user_agent: 'stable' } } }],
  ['http.url', 'url.full', { http: { request: { url: 'stable' } } }],
  ['peer.service', 'service.peer.name', { name: 'stable' }],
  ['db.name', 'db.namespace', { name: 'stable' }],
])('of %s and %s the stable one counts, in both orders', (old, stable, expected) => {
  expect(clientOf({ [old]: 'old', [stable]: 'stable' })).toMatchObject(expected);
  expect(clientOf({ [stable]: 'stable', [old]: 'old' })).toMatchObject(expected);
});

test.each([
  [{ 'http.status_code': 500n, 'http.response.status_code': 404n }],
  [{ 'http.response.status_code': 404n, 'http.status_code': 500n }],
])('of two HTTP statuses the stable one decides the outcome: %o', (values: Record<string, Value>) => {
  expect(clientOf(values)).toMatchObject({ error: true, fault: false, http: { response: { status: 404 } } });
});

test.each([
  [1_764_349_296_123_456_789n, '1764349296.123456789'],
  [1_764_349_296_000_000_001n, '1764349296.000000001'],
  [1_764_349_296_500_000_000n, '1764349296.5'],
  [1n, '0.000000001'],
  [18_446_744_073_709_551_615n, '18446744073.709551615'],
])('%s ns are written with all digits and without an exponent', (nanos, expected) => {
  const [text] = segmentTexts(traces([span({ startTimeUnixNano: nanos })]));
  expect(/"start_time":([^,]+),/.exec(text!)?.[1]).toBe(expected);
});

test('an integer beyond 2^53 is written with all digits', () => {
  expect(segmentTexts(traces([span({ attributes: attributes({ big: 9_007_199_254_740_993n }) })]))[0]).toContain(
    '"big":9007199254740993',
  );
});

test('a span that is sent again becomes equal documents', () => {
  const members: Members = {
    kind: KIND.client,
    attributes: { 'aws.span.kind': 'LOCAL_ROOT' },
    events: [event('exception', { 'exception.message': 'a' }), event('exception', { 'exception.message': 'a' })],
  };
  expect(converted(members)).toEqual(converted(members));
  const ids = converted(members).flatMap((document) =>
    (document['cause'] as { exceptions: { id: string }[] }).exceptions.map(({ id }) => id),
  );
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});

test('a span that is not sampled is converted like others', () => {
  expect(segmentOf({ flags: 0 })).toEqual(segmentOf({ flags: 1 }));
});

const convertible: fc.Arbitrary<TracesData> = fc
  .tuple(anySpan(CONVERSION_KEYS), anyAttributes(CONVERSION_KEYS), fc.string())
  .map(([one, of, name]) => traces([one], { resource: resource(of), scope: scope({ name }) }));

test('X-Ray accepts every document of every span', () => {
  fc.assert(
    fc.property(convertible, fc.boolean(), (data, isIndexed) => {
      const options = { ...DEFAULT_OPTIONS, indexAllAttributes: isIndexed, remoteParentIsLocalRoot: isIndexed };
      const texts = segmentTexts(data, options);
      expect(refusals(texts)).toEqual([]);
      for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
      expect(segmentTexts(data, options)).toEqual(texts);
    }),
    { numRuns: 300 },
  );
});

describe('X-Ray accepts the documents of bad input', () => {
  let deep: Value = 'x';
  for (let i = 0; i < 32; i++) deep = [deep];
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key.${i}`, 'value']));
  const namespaces = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, i) => [`aws.xray.metadata.${i}`, '{"a":1}']),
  );
  test.each<[string, Partial<Span>]>([
    ['an attribute of 200 KB', { attributes: attributes({ big: '\u{1F600}'.repeat(50_000) }) }],
    ['10,000 attributes', { attributes: attributes(many) }],
    ['metadata of 20,000 namespaces', { attributes: attributes(namespaces) }],
    ['the deepest value', { attributes: attributes({ deep }) }],
    [
      'metadata 10,000 levels deep',
      { attributes: attributes({ 'aws.xray.metadata.x': `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}` }) },
    ],
    ['no end', { endTimeUnixNano: 0n }],
    ['the year 2262', { endTimeUnixNano: 9_223_372_036_854_775_807n }],
    ['the last nanosecond', { startTimeUnixNano: 18_446_744_073_709_551_615n }],
    ['reversed times', { startTimeUnixNano: 5n, endTimeUnixNano: 1n }],
    ['an invalid name', { kind: KIND.internal, name: '\u0000\ufffd"' }],
    ['a lone surrogate', { kind: KIND.internal, name: 'a\ud800b' }],
    ['numbers that are not finite', { attributes: attributes({ a: NaN, b: Infinity, 'http.status_code': NaN }) }],
    ['an unknown kind', { kind: 77 }],
    ['a status of another type', { attributes: attributes({ 'http.status_code': ['200'], 'http.method': 5n }) }],
    ['the key __proto__', { attributes: attributes(Object.fromEntries([['__proto__', 'x']])) }],
  ])('%s', (_, members) => {
    const texts = segmentTexts(traces([span(members)], { resource: resource({ 'service.name': '' }) }));
    expect(texts).toHaveLength(1);
    expect(refusals(texts)).toEqual([]);
    expect(Buffer.byteLength(texts[0]!)).toBeLessThanOrEqual(65_536);
    expect((JSON.parse(texts[0]!) as Json)['name']).not.toBe('');
  });
});
