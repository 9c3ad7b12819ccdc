import { gzipSync, deflateSync } from 'node:zlib';
import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { decodeTraces } from '../../../src/formats/otlp/decode.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { readFileSync } from 'node:fs';
import { resource, span, traces } from '../../fakes/otlp.ts';
import { eventually } from '../../fakes/eventually.ts';
import { rawRequest } from '../../fakes/raw-http.ts';
import { Scope } from '../../fakes/scope.ts';
import { httpReceiver, type Started } from '../started.ts';

const scope = new Scope();
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };
const ONE = encodeTraces(traces([span()]));

async function post(
  { url }: Pick<Started<unknown>, 'url'>,
  body: Uint8Array | string,
  headers: Record<string, string> = PROTOBUF,
  path = '/v1/traces',
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const answer = await fetch(url + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : Buffer.from(body),
    headers,
  });
  return { status: answer.status, headers: answer.headers, body: Buffer.from(await answer.arrayBuffer()) };
}

test.each([
  ['node-protobuf.bin', PROTOBUF],
  ['node-json.json', JSON_TYPE],
  ['python-protobuf.bin', PROTOBUF],
  ['python-protobuf-gzip.bin.gz', { ...PROTOBUF, 'content-encoding': 'gzip' }],
])('accepts what a real SDK sends: %s', async (name, headers) => {
  const started = await httpReceiver(scope);
  const {
    status,
    headers: answered,
    body,
  } = await post(started, readFileSync(new URL(`../../fixtures/otlp/${name}`, import.meta.url)), headers);
  expect([status, answered.get('content-type')]).toEqual([200, headers['content-type']]);
  // Nothing was rejected, so partial_success is unset.
  expect(body.toString()).toBe(headers['content-type'] === 'application/json' ? '{}' : '');
  expect(started.sink.documents.length).toBeGreaterThan(0);
  expect(new Set(started.sink.formats)).toEqual(new Set(['otlp']));
  const stored = started.sink.documents.map((document) => decodeTraces(document));
  const spans = stored.reduce((sum, each) => sum + (each.isDecoded ? each.spans : Number.NaN), 0);
  expect(started.spans()).toEqual({ accepted: spans });
});

test('a document has the spans of one trace and one resource', async () => {
  const started = await httpReceiver(scope);
  const other = 'a'.repeat(32);
  const both = traces([span(), span({ traceId: other }), span({ spanId: '1'.repeat(16) })]);
  const twice = {
    resourceSpans: [...both.resourceSpans, ...traces([span()], { resource: resource({ a: 'b' }) }).resourceSpans],
  };
  expect((await post(started, encodeTraces(twice))).status).toBe(200);
  expect(
    started.sink.documents.map((document) => {
      const decoded = decodeTraces(document);
      return decoded.isDecoded ? decoded.spans : decoded.message;
    }),
  ).toEqual([2, 1, 1]);
});

test('an invalid span is rejected alone, counted, and named in the answer', async () => {
  const started = await httpReceiver(scope);
  const mixed = traces([span(), span({ spanId: '0'.repeat(16) }), span({ traceId: 'abcd' })]);
  const { status, body } = await post(started, encodeTraces(mixed));
  expect(status).toBe(200);
  expect(body.toString('latin1')).toContain('span_id is all zeros');
  const json = JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'xyz', spanId: '1'.repeat(16) }] }] }],
  });
  const answer = await post(started, json, { 'content-type': 'application/json; charset=utf-8' });
  expect(JSON.parse(answer.body.toString())).toEqual({
    partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('trace_id') },
  });
  expect(started.spans()).toEqual({ accepted: 1, rejected: 3 });
});

test('a body in chunks, an empty one and one without spans are accepted', async () => {
  const started = await httpReceiver(scope);
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const sent = request(`${started.url}/v1/traces`, { method: 'POST', headers: PROTOBUF }, (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  sent.write(ONE.subarray(0, 10));
  sent.end(ONE.subarray(10));
  expect(await promise).toBe(200);
  expect(await post(started, '')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  expect((await post(started, '{}', JSON_TYPE)).body.toString()).toBe('{}');
  expect(started.sink.documents).toHaveLength(1);
});

test.each([
  ['garbage', Buffer.from('garbage that is no protobuf'), PROTOBUF, 400],
  ['JSON that ends early', '{"resourceSpans":[', JSON_TYPE, 400],
  ['a list', '[]', JSON_TYPE, 400],
  ['gzip that ends early', gzipSync(ONE).subarray(0, 20), { ...PROTOBUF, 'content-encoding': 'gzip' }, 400],
  ['what is not gzip', ONE, { ...PROTOBUF, 'content-encoding': 'gzip' }, 400],
  ['an unknown compression', ONE, { ...PROTOBUF, 'content-encoding': 'br' }, 400],
  ['a body that is too large', Buffer.alloc(1_000_001), PROTOBUF, 413],
  ['a bomb', gzipSync(Buffer.alloc(50_000_000)), { ...PROTOBUF, 'content-encoding': 'gzip' }, 413],
] as const)('refuses %s with a status in the encoding of the request', async (_, body, headers, expected) => {
  const started = await httpReceiver(scope);
  const answer = await post(started, body, headers);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([expected, headers['content-type']]);
  if (headers === JSON_TYPE) expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 3, message: /./ });
  else expect(answer.body[0]).toBe(0x08);
  expect(started.sink.documents).toEqual([]);
  // The receiver goes on, and the memory of the body is free again.
  expect((await post(started, ONE)).status).toBe(200);
});

test('deflate is accepted too', async () => {
  const started = await httpReceiver(scope);
  expect((await post(started, deflateSync(ONE), { ...PROTOBUF, 'content-encoding': 'deflate' })).status).toBe(200);
});

test.each([
  ['full', 429],
  ['stopping', 503],
] as const)(
  'when the pipeline is %s, answers %i with Retry-After, and the sender keeps the spans',
  async (answer, status) => {
    const started = await httpReceiver(scope);
    started.sink.answer = answer;
    const { status: given, headers } = await post(started, ONE);
    expect([given, headers.get('retry-after')]).toEqual([status, '1']);
    expect(started.spans()).toEqual({ refused: 1 });
  },
);

test('when the disk does not take the spans, answers 503 with Retry-After, and the sender keeps them', async () => {
  const started = await httpReceiver(scope, { mode: 'daemon' });
  started.sink.isWritable = false;
  const { status, headers } = await post(started, ONE);
  expect([status, headers.get('retry-after')]).toEqual([503, '1']);
  expect(started.spans()).toEqual({ refused: 1 });
});

test('spans that are larger than the whole buffer are refused for good', async () => {
  const started = await httpReceiver(scope);
  started.sink.answer = 'too_large';
  expect((await post(started, ONE)).status).toBe(413);
});

test('a confirmed request is answered when its documents are delivered', async () => {
  const started = await httpReceiver(scope, { isConfirmed: true });
  const answering = post(started, ONE);
  while (started.sink.tickets.length === 0) await new Promise((done) => setTimeout(done, 5));
  let isAnswered = false;
  void answering.then(() => (isAnswered = true));
  await new Promise((done) => setTimeout(done, 50));
  expect(isAnswered).toBe(false);
  started.sink.tickets[0]!(0, { kind: 'delivered' });
  expect((await answering).status).toBe(200);
});

test.each([
  ['delayed', { kind: 'delayed', error: 'no space' }],
  ['dropped', { kind: 'dropped' }],
] as const)('a confirmed request whose documents are %s is answered with 503', async (_, settlement) => {
  const started = await httpReceiver(scope, { isConfirmed: true });
  const answering = post(started, ONE);
  while (started.sink.tickets.length === 0) await new Promise((done) => setTimeout(done, 5));
  started.sink.tickets[0]!(0, settlement);
  expect((await answering).status).toBe(503);
});

test('a confirmed request does not wait for ever', async () => {
  const started = await httpReceiver(scope, { isConfirmed: true, maxWaitMs: 20 });
  const { status, headers } = await post(started, ONE);
  expect([status, headers.get('retry-after')]).toEqual([503, '1']);
});

test('names what it takes: paths, methods and types', async () => {
  const started = await httpReceiver(scope);
  expect((await post(started, ONE, PROTOBUF, '/v1/profiles')).status).toBe(404);
  const get = await fetch(`${started.url}/v1/traces`);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await post(started, ONE, { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await post(started, ONE, PROTOBUF, '/v1/traces?x=1')).status).toBe(200);
  expect((await post(started, ONE, PROTOBUF, '//v1/traces')).status).toBe(200);
});

test('the target may be an absolute URL, as a proxy sends it, with a name that is allowed', async () => {
  const started = await httpReceiver(scope);
  const statusOf = async (target: string): Promise<number> =>
    (
      await rawRequest(
        started.url,
        `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      )
    ).status;
  expect(await statusOf('http://localhost:4318/v1/traces?x=1')).toBe(200);
  expect(await statusOf('http://evil.example.com/v1/traces')).toBe(403);
});

test('pages of a loopback address may send in local mode; other pages and names may not', async () => {
  const started = await httpReceiver(scope);
  const origin = 'http://localhost:3000';
  const preflight = await fetch(`${started.url}/v1/traces`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type',
  });
  const sent = await post(started, ONE, { ...PROTOBUF, origin });
  expect([sent.status, sent.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
  for (const foreign of ['https://example.com', 'null', 'http://localhost.example.com', 'http://127.0.0.1.nip.io']) {
    const refused = await post(started, ONE, { ...PROTOBUF, origin: foreign });
    expect([refused.status, refused.headers.get('access-control-allow-origin')], foreign).toEqual([403, null]);
    const asked = await fetch(`${started.url}/v1/traces`, { method: 'OPTIONS', headers: { origin: foreign } });
    expect([asked.status, asked.headers.get('access-control-allow-origin')], foreign).toEqual([403, null]);
  }
  const rebound = await rawRequest(
    started.url,
    'POST /v1/traces HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n',
  );
  expect(rebound.status).toBe(403);
  const daemon = await httpReceiver(scope, { mode: 'daemon' });
  expect((await post(daemon, ONE, { ...PROTOBUF, origin })).status).toBe(403);
  expect(started.sink.documents).toHaveLength(1);
});

test('many large bodies share one limit', async () => {
  const started = await httpReceiver(scope, { maxBodyBytes: 1e6, maxBodiesBytes: 1e6 });
  const sockets = Array.from({ length: 5 }, () => {
    const sent = request(`${started.url}/v1/traces`, {
      method: 'POST',
      headers: { ...PROTOBUF, 'content-length': 900_000 },
    });
    sent.on('error', () => {});
    scope.add(() => sent.destroy());
    sent.write(Buffer.alloc(890_000));
    return sent;
  });
  const statuses = new Map<ClientRequest, number | undefined>();
  for (const sent of sockets) sent.on('response', ({ statusCode }) => statuses.set(sent, statusCode));
  await eventually(() => statuses.size === 4);
  expect([...statuses.values()]).toEqual([429, 429, 429, 429]);
  expect(started.refused()).toEqual({ bodies: 4 });
  // The one that is read is refused for its content, not for its size.
  const read = sockets.find((sent) => !statuses.has(sent));
  read?.end(Buffer.alloc(10_000));
  await eventually(() => statuses.size === 5);
  expect(read === undefined ? undefined : statuses.get(read)).toBe(400);
});

test('a client that sends a compressed body slowly holds no decompressor', async () => {
  const { url } = await httpReceiver(scope);
  const body = gzipSync(encodeTraces(traces([span()])));
  let decompressors = 0;
  const hook = createHook({ init: (_id, type) => void (type === 'ZLIB' && decompressors++) }).enable();
  scope.add(() => hook.disable());
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
  const slow = request(`${url}/v1/traces`, { method: 'POST', headers });
  slow.write(body.subarray(0, 20));
  slow.on('error', () => {});
  const plain =
    'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  for (let i = 0; i < 3; i++) expect((await rawRequest(url, plain)).status).toBe(200);
  expect(decompressors).toBe(0);
  slow.end(body.subarray(20));
  const [{ statusCode }] = (await once(slow, 'response')) as [IncomingMessage];
  expect([statusCode, decompressors]).toEqual([200, 1]);
});
