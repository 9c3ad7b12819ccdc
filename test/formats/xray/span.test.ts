import { expect, test } from 'vitest';
import { SegmentDocument } from '../../../src/formats/xray/segment.ts';
import { XRaySpan } from '../../../src/formats/xray/span.ts';
import type { Span } from '../../../src/trace/model.ts';
import { call, plain, segmentJson, START, streamed, sub, viewOf, type Json } from '../../fakes/traces.ts';

type Fact = Exclude<keyof Span, 'segmentDocument'>;

/** What a segment with these members has as `fact`. */
const ofSegment = (members: Json, fact: Fact): unknown =>
  plain(new XRaySpan({ ...segmentJson('web'), ...members }, false)[fact] ?? null);
const ofSubsegment = (members: Json, fact: Fact): unknown =>
  plain(new XRaySpan({ ...sub('step'), ...members }, true)[fact] ?? null);

const STATUS = (status: unknown): Json => ({ http: { response: { status } } });
const OK = { isFault: false, isError: false, isThrottle: false };

test.each<[Fact, unknown, Json]>([
  ['name', 'x'.repeat(250), { name: 'x'.repeat(250) }],
  ['xrayName', 'x'.repeat(200), { name: 'x'.repeat(250) }],
  ['kind', 'server', {}],
  ['start', START, {}],
  ['end', START + 1, {}],
  ['end', null, { end_time: null, in_progress: true }],
  ['isInProgress', true, { end_time: null, in_progress: true }],
  ['isInProgress', false, { in_progress: true }],
  ['seconds', 1, {}],
  ['seconds', 0, { end_time: START - 3 }],
  ['parentId', '70de5b6f19ff9a0a', { parent_id: '70de5b6f19ff9a0a' }],
  ['parentId', null, { parent_id: null }],
  ['outcome', OK, {}],
  ['outcome', { ...OK, isFault: true }, { fault: true }],
  ['outcome', { ...OK, isFault: true }, STATUS(503)],
  ['outcome', { ...OK, isError: true }, STATUS(404)],
  ['outcome', { ...OK, isThrottle: true }, STATUS(429)],
  ['outcome', { ...OK, isThrottle: true }, { error: true, throttle: true }],
  ['outcome', OK, { fault: 1, ...STATUS('503') }],
  ['status', 'unset', {}],
  ['status', 'error', STATUS(404)],
  ['statusMessage', '', {}],
  ['attributes', { size: 3 }, { annotations: { size: 3 }, metadata: { default: { size: 4 } } }],
  ['annotations', { size: 3 }, { annotations: { size: 3 } }],
  ['annotations', {}, { annotations: [3] }],
  ['metadata', { default: { size: 4 } }, { metadata: { default: { size: 4 } } }],
  ['events', [], { cause: { exceptions: [{ id: 'a' }] } }],
  ['resource', { attributes: { 'service.name': 'web' } }, {}],
  [
    'resource',
    { attributes: { 'service.name': 'web', 'service.version': '1.2', 'cloud.account.id': '123456789012' } },
    { service: { version: '1.2' }, aws: { account_id: '123456789012' } },
  ],
  ['scope', null, {}],
  ['traceState', '', {}],
  ['origin', 'AWS::ECS::Container', { origin: 'AWS::ECS::Container' }],
  ['resourceArn', 'arn:aws:x', { resource_arn: 'arn:aws:x' }],
  ['user', 'ada', { user: 'ada' }],
  ['user', null, { user: 7 }],
  ['http', null, {}],
  ['http', null, { http: 'GET' }],
  ['httpStatus', 201, STATUS(201)],
  ['httpStatus', null, STATUS(201.5)],
  ['aws', { region: 'eu-west-1' }, { aws: { region: 'eu-west-1' } }],
  ['aws', {}, { aws: 'eu-west-1' }],
  ['sql', { url: 'pg://db' }, { sql: { url: 'pg://db' } }],
  ['sql', null, { sql: [] }],
  ['service', { version: '1.2' }, { service: { version: '1.2' } }],
  ['exceptions', [{ id: 'a', type: 'Oops', message: null }], { cause: { exceptions: [{ id: 'a', type: 'Oops' }, 7] } }],
  ['exceptions', [], { cause: 'a' }],
  ['causeId', 'a', { cause: 'a' }],
  ['causeId', 'a', { cause: { id: 'a' } }],
  ['causeId', null, { cause: { id: 'a', exceptions: [] } }],
  ['workingDirectory', '/app', { cause: { working_directory: '/app' } }],
])('%s of a segment is %j if its document has %j', (fact, expected, members) => {
  expect(ofSegment(members, fact)).toEqual(expected);
});

test.each<[Fact, unknown, Json]>([
  ['kind', 'internal', {}],
  ['kind', 'client', { namespace: 'aws' }],
  ['isCall', false, {}],
  ['isCall', true, { namespace: 'remote' }],
  ['isCall', false, { namespace: 'AWS' }],
  ['namespace', 'local', { namespace: 'local' }],
])('%s of a subsegment is %j if its document has %j', (fact, expected, members) => {
  expect(ofSubsegment(members, fact)).toEqual(expected);
});

test('the request of a segment has what its document says of it', () => {
  const http = (block: Json): Span['http'] => new XRaySpan({ ...segmentJson('web'), http: block }, false).http;
  const request = { method: 'GET', url: 'http://shop/', user_agent: 'curl', client_ip: '::1' };
  const answered = http({ request, response: { content_length: 12 } })!;
  expect([answered.method, answered.url, answered.userAgent, answered.clientIp]).toEqual([
    'GET',
    'http://shop/',
    'curl',
    '::1',
  ]);
  expect([answered.hasResponse, answered.contentLength]).toEqual([true, 12]);
  const odd = http({ request: { method: 7, url: '' }, response: null })!;
  expect([odd.method, odd.url, odd.hasResponse, odd.contentLength]).toEqual([undefined, undefined, true, undefined]);
  expect(http({})!.hasResponse).toBe(false);
});

test('a link without attributes refers to the sender, one of Lambda says in which direction it goes', () => {
  const [trace_id, id] = ['1-6ab3b3f3-bb7d9ea64dfa9798043e81d2', '70de5b6f19ff9a0a'];
  const attributes = { 'aws.xray.reserved.reference_type': 'child', 'aws.xray.reserved.names': ['queue'] };
  expect(ofSubsegment({ links: [{ trace_id, id }, { trace_id }, { trace_id, id, attributes }] }, 'links')).toEqual([
    { traceId: trace_id, id, isToReceiver: false },
    { traceId: trace_id, id, isToReceiver: true, service: { name: 'queue', type: null, accountId: null } },
  ]);
});

test('frames of a stack come innermost first, those of AWS’s Python SDK too', () => {
  const stack = [{ path: 'outer.py', line: 9, label: 'main' }, { path: 'inner.py' }, 7];
  const [inner, outer] = [
    { path: 'inner.py', line: 0, label: '' },
    { path: 'outer.py', line: 9, label: 'main' },
  ];
  const failed = sub('failed', { cause: { exceptions: [{ stack }] } });
  for (const [aws, frames] of [
    [{ xray: { sdk: 'X-Ray for Python' } }, [inner, outer]],
    [{ xray: { sdk: 'X-Ray for Java' } }, [outer, inner]],
  ] as const) {
    const { trace } = viewOf(segmentJson('web', { aws, subsegments: [failed] }));
    expect(trace.find(failed.id)!.exceptions[0]!.frames).toEqual(frames);
  }
});

test('the resource of a subsegment is that of its segment', () => {
  const query = call('db');
  const { trace } = viewOf(
    segmentJson('web', { subsegments: [sub('inner', { subsegments: [query] })], service: { version: '1' } }),
  );
  expect(trace.find(query.id)!.resource).toEqual({ attributes: { 'service.name': 'web', 'service.version': '1' } });
});

test('a document has its spans as a tree and as a list, and a key of its own', () => {
  const [leaf, inner] = [sub('leaf'), sub('inner')];
  const web = segmentJson('web', { subsegments: [{ ...inner, subsegments: [leaf] }, { ...sub('other') }] });
  const document = new SegmentDocument(web);
  expect(document.tops.map(({ id }) => id)).toEqual([web.id]);
  expect(document.spans.map(({ name }) => name).toSorted()).toEqual(['inner', 'leaf', 'other', 'web']);
  expect(document.tops[0].embedded.map(({ name }) => name)).toEqual(['inner', 'other']);
  expect([document.key, document.id, document.isInProgress]).toEqual([web.id, web.id, false]);
  const open = new SegmentDocument(streamed('child', web.id, { id: web.id, in_progress: true }));
  expect([open.key === document.key, open.id, open.isInProgress]).toEqual([false, web.id, true]);
});

test('a span is shown as it was sent, with or without its subsegments', () => {
  const inner = sub('inner');
  const web = segmentJson('web', { subsegments: [inner], anything: 1 });
  const { subsegments: _, ...alone } = web;
  const span = new XRaySpan(web, false);
  expect([span.recorded, span.recordedAlone]).toEqual([web, alone]);
});
