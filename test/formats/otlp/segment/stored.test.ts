import { describe, expect, test } from 'vitest';
import { Bytes, KIND, type Value } from '../../../../src/formats/otlp/messages.ts';
import { metadataOf, segmentOf } from '../../../fakes/segments-of.ts';
import { attributes, PARENT } from '../../../fakes/otlp.ts';

const VALUES: [string, Value, unknown][] = [
  ['a text', 'x', 'x'],
  ['an integer', 5n, 5],
  ['a double', 1.5, 1.5],
  ['a boolean', false, false],
  ['a list', ['a', 1n, null], ['a', 1, null]],
  ['a map', attributes({ a: attributes({ b: 1n }) }), { a: { b: 1 } }],
  ['bytes', new Bytes('AQI='), 'AQI='],
  ['NaN', NaN, 'NaN'],
  ['an infinity', -Infinity, '-Infinity'],
];
const isScalar = (value: Value): boolean => ['string', 'bigint', 'number', 'boolean'].includes(typeof value);

describe('an attribute', () => {
  test.each(VALUES)('%s is metadata by default', (_, value, expected) => {
    const segment = segmentOf({ attributes: { key: value } });
    expect(metadataOf(segment)['key']).toEqual(expected);
    expect(segment).not.toHaveProperty('annotations');
  });

  test.each(VALUES)(
    '%s that is indexed is an annotation if X-Ray can index it, else metadata',
    (_, value, expected) => {
      const ways = [
        segmentOf({ attributes: { key: value } }, {}, { indexedAttributes: new Set(['key']) }),
        segmentOf({ attributes: { key: value } }, {}, { indexAllAttributes: true }),
        segmentOf({ attributes: { key: value, 'aws.xray.annotations': ['key'] } }),
      ];
      for (const segment of ways) {
        expect(segment['annotations']).toEqual(isScalar(value) ? { key: expected } : undefined);
        expect(metadataOf(segment)['key']).toEqual(isScalar(value) ? undefined : expected);
      }
    },
  );

  test('without a value is neither', () => {
    const segment = segmentOf({ attributes: { key: null } }, {}, { indexAllAttributes: true });
    expect(segment).not.toHaveProperty('annotations');
    expect(metadataOf(segment)).not.toHaveProperty('key');
  });

  test.each([
    ['a.b_c-d é😀', 'a.b_c_d___'],
    ['http.route', 'http.route'],
  ])('the key %j of an annotation is %j', (key, expected) => {
    expect(segmentOf({ attributes: { [key]: 'x' } }, {}, { indexAllAttributes: true })['annotations']).toEqual({
      [expected]: 'x',
    });
  });

  test('an indexed attribute stays in its block too', () => {
    const indexed = { indexedAttributes: new Set(['http.method']) };
    const segment = segmentOf({ attributes: { 'http.method': 'GET' } }, {}, indexed);
    expect(segment).toMatchObject({ http: { request: { method: 'GET' } }, annotations: { 'http.method': 'GET' } });
  });

  test('of all attributes, those in blocks are not indexed', () => {
    expect(segmentOf({ attributes: { 'http.method': 'GET' } }, {}, { indexAllAttributes: true })).not.toHaveProperty(
      'annotations',
    );
  });

  test('of all attributes, those that the exporter does not put in blocks are indexed too', () => {
    const attributes = {
      'aws.sqs.queue.url': 'https://q',
      'db.system.name': 'mysql',
      'db.namespace': 'shop',
      'db.query.text': 'SELECT 1',
      'http.request.method': 'GET',
      'http.path': '/a',
      'server.address': 'a',
      'http.response.body.size': 7n,
      'user.id': 'ann',
    };
    const segment = segmentOf({ kind: KIND.client, attributes }, {}, { indexAllAttributes: true });
    expect(segment).toMatchObject({
      aws: { queue_url: 'https://q' },
      sql: { sanitized_query: 'SELECT 1' },
      http: { request: { url: 'http://a/a' }, response: { content_length: 7 } },
      user: 'ann',
    });
    expect(Object.keys(segment['annotations'] as object)).toEqual([
      'aws.sqs.queue.url',
      'db.system.name',
      'db.namespace',
      'db.query.text',
      'http.path',
      'http.response.body.size',
      'user.id',
    ]);
  });

  test('aws.xray.annotations that is no list is an ordinary attribute', () => {
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.annotations': 'key' } }))).toHaveProperty([
      'aws.xray.annotations',
    ]);
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.annotations': ['key'] } }))).not.toHaveProperty([
      'aws.xray.annotations',
    ]);
  });

  test('an integer beyond 2^53 keeps its digits', () => {
    expect(metadataOf(segmentOf({ attributes: { key: 2n ** 53n } }))['key']).toBe(2 ** 53);
  });
});

describe('aws.xray.metadata', () => {
  test('an object is the metadata of its namespace', () => {
    const segment = segmentOf({ attributes: { 'aws.xray.metadata.shop': '{"cart":{"items":2}}' } });
    expect(segment['metadata']).toMatchObject({ shop: { cart: { items: 2 } } });
    expect(metadataOf(segment)).not.toHaveProperty(['aws.xray.metadata.shop']);
  });

  test('the namespace default is found in any case', () => {
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.metadata.DEFAULT': '{"a":1}', b: 'x' } }))).toMatchObject({
      a: 1,
      b: 'x',
    });
  });

  test.each(['no JSON', '[1]', 'null'])('%j stays an attribute', (text) => {
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.metadata.x': text } }))['aws.xray.metadata.x']).toBe(text);
  });
});

describe('a resource attribute', () => {
  test('is metadata of segments, and not of subsegments', () => {
    const resource = { 'service.name': 'orders', tags: ['a'] };
    expect(metadataOf(segmentOf({}, resource))).toMatchObject({
      'otel.resource.service.name': 'orders',
      'otel.resource.tags': ['a'],
    });
    expect(metadataOf(segmentOf({ kind: KIND.internal, parentSpanId: PARENT }, resource))).not.toHaveProperty([
      'otel.resource.service.name',
    ]);
  });

  test('is an annotation if it is indexed', () => {
    const resource = { 'service.name': 'orders', tags: ['a'] };
    const indexed = { indexedAttributes: new Set(['otel.resource.service.name', 'otel.resource.tags']) };
    for (const options of [indexed, { indexAllAttributes: true }]) {
      const segment = segmentOf({}, resource, options);
      expect(segment['annotations']).toEqual({ 'otel.resource.service.name': 'orders' });
      expect(metadataOf(segment)).toMatchObject({ 'otel.resource.tags': ['a'] });
    }
  });

  test('is an annotation if the span names it', () => {
    const resource = { 'service.name': 'orders', tags: ['a'], other: 'x' };
    const chosen = ['otel.resource.service.name', 'otel.resource.tags', 'otel.resource.missing', 'other'];
    const segment = segmentOf({ attributes: { 'aws.xray.annotations': chosen } }, resource);
    expect(segment['annotations']).toEqual({ 'otel.resource.service.name': 'orders' });
    expect(metadataOf(segment)).toEqual({
      'otel.span.name': 'GET /orders/:id',
      'otel.resource.tags': ['a'],
      'otel.resource.other': 'x',
    });
    // The attributes of the resource are kept for all of its spans.
    const subsegment = { kind: KIND.internal, parentSpanId: PARENT, attributes: { 'aws.xray.annotations': chosen } };
    expect(segmentOf(subsegment, resource)).not.toHaveProperty('annotations');
  });
});
