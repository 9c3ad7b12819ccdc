import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/json/json.ts';
import { KIND, newScope, STATUS } from '../../../../src/formats/otlp/messages.ts';
import { documentText } from '../../../../src/formats/otlp/segment/document-text.ts';
import { segmentsOf, segmentTexts } from '../../../../src/formats/otlp/segment/convert.ts';
import { exportAnswer } from '../../../../src/formats/otlp/answers.ts';
import { readTracesJson } from '../../../../src/formats/otlp/read-json.ts';
import { writeTracesJson } from '../../../../src/formats/otlp/write-json.ts';
import { clientOf, converted, metadataOf, segmentOf } from '../../../fakes/segments-of.ts';
import { event, PARENT, resource, scope, span, traces } from '../../../fakes/otlp.ts';

/** What is better than the collector's exporter: the numbers are those of docs/opentelemetry.md. */
describe('better than the exporter', () => {
  test("1: Node's and browsers' stacks have frames, with paths that contain colons", () => {
    const stack = 'Error: no\n    at node:internal/x:1:2\n    at f (file:///a.mjs:7:9)';
    for (const language of ['nodejs', 'webjs']) {
      const segment = segmentOf(
        { events: [event('exception', { 'exception.stacktrace': stack })] },
        { 'telemetry.sdk.language': language },
      );
      expect(segment['cause']).toMatchObject({
        exceptions: [
          {
            stack: [
              { path: 'node:internal/x', line: 1 },
              { path: 'file:///a.mjs', line: 7, label: 'f' },
            ],
          },
        ],
      });
    }
  });

  describe('2: stable conventions are known', () => {
    test('server.address names a call and its URL', () => {
      const http = { 'http.request.method': 'GET', 'server.address': 'shop', 'url.path': '/a' };
      expect(clientOf(http)).toMatchObject({ name: 'shop', http: { request: { url: 'http://shop/a' } } });
      expect(clientOf({ ...http, 'server.port': 8080n })).toMatchObject({
        name: 'shop:8080',
        http: { request: { url: 'http://shop:8080/a' } },
      });
      expect(clientOf({ ...http, 'server.port': 443n, 'url.scheme': 'https' })).toMatchObject({
        name: 'shop',
        http: { request: { url: 'https://shop/a' } },
      });
      expect(clientOf({ ...http, 'server.port': 443n })).toMatchObject({
        http: { request: { url: 'https://shop/a' } },
      });
      expect(clientOf({ ...http, 'server.address': '::1', 'server.port': 8080n })).toMatchObject({
        http: { request: { url: 'http://[::1]:8080/a' } },
      });
    });

    test('service.peer.name names a call', () => {
      expect(clientOf({ 'service.peer.name': 'shop', 'server.address': 'x' })['name']).toBe('shop');
    });

    test.each([
      ['postgresql', 'postgresql'],
      ['microsoft.sql_server', 'mssql'],
      ['oracle.db', 'oracle'],
      ['ibm.db2', 'db2'],
    ])('the database %s is %s', (system, type) => {
      const segment = clientOf({
        'db.system.name': system,
        'db.namespace': 'shop',
        'db.query.text': 'SELECT 1',
        'server.address': 'db',
        'server.port': 5432n,
      });
      expect(segment).toMatchObject({
        name: 'shop',
        sql: { database_type: type, sanitized_query: 'SELECT 1', connection_string: 'db:5432/shop' },
      });
    });

    test('rpc.system.name of AWS is the namespace aws, and another one has its service in rpc.method', () => {
      expect(clientOf({ 'rpc.system.name': 'aws-api', 'rpc.method': 'S3/GetObject' })['namespace']).toBe('aws');
      expect(clientOf({ 'rpc.system.name': 'grpc', 'rpc.method': 'shop.Cart/Get' })['name']).toBe('shop.Cart');
    });

    test('aws.sqs.queue.url is the queue', () => {
      expect(clientOf({ 'aws.sqs.queue.url': 'https://q' })['aws']).toMatchObject({ queue_url: 'https://q' });
    });

    test('user.id is the user, after enduser.id', () => {
      expect(segmentOf({ attributes: { 'user.id': 'ann' } })['user']).toBe('ann');
      const both = segmentOf({ attributes: { 'user.id': 'ann', 'enduser.id': 'bob' } });
      expect(both['user']).toBe('bob');
      expect(metadataOf(both)['user.id']).toBe('ann');
    });

    test('http.response.body.size is the size of the response', () => {
      expect(clientOf({ 'http.request.method': 'GET', 'http.response.body.size': 7n })['http']).toMatchObject({
        response: { content_length: 7 },
      });
    });
  });

  test('3: a consumer is named by its service', () => {
    const consumer = { kind: KIND.consumer, name: 'orders process' };
    expect(segmentOf(consumer, { 'service.name': 'worker' })['name']).toBe('worker');
    expect(segmentOf({ ...consumer, attributes: { 'aws.local.service': 'local' } })['name']).toBe('local');
    expect(segmentOf(consumer)['name']).toBe('orders process');
  });

  test('4: what X-Ray has no member for is kept as metadata', () => {
    const whole = span({
      kind: KIND.producer,
      name: 'orders publish',
      parentSpanId: PARENT,
      traceState: 'a=b',
      status: { code: STATUS.ok, message: 'sent' },
    });
    const library = scope({ name: 'kafka', version: '1.2' });
    expect(metadataOf(segmentsOf(whole, resource(), library)[0]!)).toMatchObject({
      'otel.span.kind': 'producer',
      'otel.scope.name': 'kafka',
      'otel.scope.version': '1.2',
      'otel.trace_state': 'a=b',
      'otel.status_description': 'sent',
    });
    expect(metadataOf(segmentOf({ name: 'GET /' }, { 'service.name': 'web' }))['otel.span.name']).toBe('GET /');
  });

  test.each([
    ['server', '', undefined],
    ['client', PARENT, undefined],
    ['internal', PARENT, undefined],
    ['consumer', '', 'consumer'],
    ['producer', PARENT, 'producer'],
    ['client', '', 'client'],
    ['internal', '', 'internal'],
  ] as const)('4: the kind %s with the parent %j is kept where the segment does not show it', (kind, parent, kept) => {
    expect(metadataOf(segmentOf({ kind: KIND[kind], parentSpanId: parent }))['otel.span.kind']).toBe(kept);
  });

  test('4: a span name or status message that the document has already is not repeated', () => {
    const named = segmentOf({ kind: KIND.internal, name: 'work', status: { code: STATUS.error, message: 'no' } });
    expect(Object.keys(metadataOf(named))).toEqual(['otel.span.kind']);
  });

  test('5: events that are no exceptions are kept, with their times', () => {
    const segment = segmentOf({ events: [event('cache.miss', { key: 'a' }), event('exception')] });
    expect(metadataOf(segment)['otel.events']).toEqual([
      { name: 'cache.miss', time: 1_764_349_296.5, attributes: { key: 'a' } },
    ]);
  });

  test('6: a list that is to be indexed is metadata', () => {
    const indexed = { indexedAttributes: new Set(['list']) };
    expect(metadataOf(segmentOf({ attributes: { list: ['a'] } }, {}, indexed))['list']).toEqual(['a']);
  });

  test('7: attributes of requests stay metadata on a span that is none', () => {
    const query = {
      'net.peer.name': 'db',
      'net.peer.port': 5432n,
      'server.address': 'db',
      'client.address': '1.2.3.4',
    };
    expect(metadataOf(clientOf(query))).toMatchObject({
      'net.peer.name': 'db',
      'net.peer.port': 5432,
      'server.address': 'db',
    });
    expect(metadataOf(clientOf({ 'client.address': 'host', 'http.method': 'GET' }))['client.address']).toBe('host');
  });

  test('8: a host outside AWS is no EC2 instance, and unknown members are left out', () => {
    expect(segmentOf({}, { 'host.id': 'laptop' })['aws']).not.toHaveProperty('ec2');
    expect(segmentOf({}, { 'host.id': 'i-1', 'cloud.provider': 'aws' })['aws']).toMatchObject({
      ec2: { instance_id: 'i-1' },
    });
    for (const platform of ['aws_ec2', 'aws_eks', 'aws_ecs', 'aws_elastic_beanstalk'])
      expect(JSON.stringify(segmentOf({}, { 'cloud.platform': platform, 'service.instance.id': '1' }))).not.toContain(
        'null',
      );
  });

  test('8: the size of a response that is unknown is left out', () => {
    expect(clientOf({ 'http.status_code': 200n })['http']).toEqual({ response: { status: 200 } });
  });

  test('9: a span that X-Ray would refuse is rejected alone, counted, and the sender is told', () => {
    const decoded = readTracesJson(writeTracesJson(traces([span({ spanId: '0'.repeat(16) }), span()])));
    expect(decoded).toMatchObject({ isDecoded: true, spans: 1, rejected: { spans: 1 } });
    if (!decoded.isDecoded) return;
    expect(segmentTexts(decoded)).toHaveLength(1);
    expect(JSON.parse(exportAnswer(decoded.rejected, 'json').toString())).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringMatching(/span/i) as unknown },
    });
  });

  test('10: a name has at most 200 characters, and only valid ones, whatever its source', () => {
    const long = 'ü'.repeat(300);
    expect(segmentOf({}, { 'service.name': long })['name']).toBe('ü'.repeat(200));
    expect(segmentOf({ kind: KIND.internal, name: long })['name']).toBe('ü'.repeat(200));
    expect(segmentOf({ kind: KIND.internal, name: `${'a'.repeat(199)}𝒳` })['name']).toBe('a'.repeat(199));
    expect(segmentOf({}, { 'service.name': 'a"b\n<c>' })['name']).toBe('abc');
    expect(clientOf({ 'peer.service': '"', 'net.peer.name': 'db' })['name']).toBe('db');
  });

  test('11: a remote parent makes a local root, if it is asked for', () => {
    const call = { kind: KIND.client, parentSpanId: PARENT, flags: 0x301 };
    const options = { remoteParentIsLocalRoot: true };
    expect(converted(call, { 'service.name': 'cron' })).toHaveLength(1);
    const [dependency, service] = converted(call, { 'service.name': 'cron' }, options);
    expect(service).toMatchObject({ name: 'cron', parent_id: PARENT });
    expect(dependency).toMatchObject({ type: 'subsegment', parent_id: service!['id'] });
    expect(segmentOf({ ...call, kind: KIND.internal }, {}, options)).not.toHaveProperty('type');
    for (const flags of [0x101, 0x200, 0]) expect(converted({ ...call, flags }, {}, options)).toHaveLength(1);
  });

  describe('12: documents over 64 KB are shrunk', () => {
    const bytesOf = (text: string): number => Buffer.byteLength(text);
    const parsed = (segment: Json): Json => {
      const text = documentText(segment);
      expect(bytesOf(text)).toBeLessThanOrEqual(65_536);
      return JSON.parse(text) as Json;
    };

    test('the largest metadata goes first, and the document names it', () => {
      const attributes = { small: 's', big: 'x'.repeat(50_000), bigger: 'ü'.repeat(50_000), note: 'n'.repeat(20_000) };
      const segment = parsed(segmentOf({ attributes }));
      expect(metadataOf(segment)).toMatchObject({
        small: 's',
        note: attributes.note,
        'otel.removed': ['bigger', 'big'],
      });
    });

    test('metadata of a namespace is named with it', () => {
      const text = JSON.stringify({ log: 'x'.repeat(60_000) });
      const segment = parsed(segmentOf({ attributes: { 'aws.xray.metadata.shop': text, a: 'y'.repeat(10_000) } }));
      expect(metadataOf(segment)['otel.removed']).toEqual(['shop.log']);
      expect(segment['metadata']).not.toHaveProperty('shop');
    });

    test('10,000 attributes leave a valid document', () => {
      const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, 'v'.repeat(20)]));
      for (const options of [{}, { indexAllAttributes: true }])
        expect(parsed(segmentOf({ attributes: many }, {}, options))).toHaveProperty('trace_id');
    });

    test.each([
      ['a message', { events: [event('exception', { 'exception.message': 'm'.repeat(200_000) })] }],
      ['a query', { attributes: { 'db.system': 'mysql', 'db.statement': 'q'.repeat(200_000) } }],
      ['a URL', { attributes: { 'url.full': `https://a/${'u'.repeat(200_000)}` } }],
      ['a key', { attributes: { ['k'.repeat(200_000)]: 'x' } }],
      ['a namespace', { attributes: { [`aws.xray.metadata.${'k'.repeat(200_000)}`]: '{"a":1}' } }],
      ['quotes', { attributes: { 'url.full': '"'.repeat(200_000), 'enduser.id': '\u0000'.repeat(200_000) } }],
      [
        'a thousand exceptions',
        { events: Array.from({ length: 1000 }, () => event('exception', { 'exception.message': 'm'.repeat(100) })) },
      ],
    ])('%s that is too long is cut, and the rest is kept', (_, members) => {
      expect(parsed(segmentOf({ ...members, status: { code: STATUS.error, message: '' } }))).toMatchObject({
        fault: true,
        metadata: { default: { 'otel.removed': expect.anything() as unknown } },
      });
    });

    test('a document within the limit is not changed', () => {
      const segment = segmentsOf(span(), resource(), newScope())[0]!;
      expect(documentText(segment)).toBe(JSON.stringify(segment));
    });
  });
});
