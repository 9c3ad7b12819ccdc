import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { decodeTraces } from '../../../src/formats/otlp/decode.ts';
import { Scope } from '../../fakes/scope.ts';
import { zipkinReceiver, type Started } from '../started.ts';

const scope = new Scope();
const SPAN = {
  traceId: '6929d510abcdef000000000000000001',
  id: '53995c3f42cd8ad8',
  kind: 'SERVER',
  name: 'get /orders',
  timestamp: 1_764_349_296_000_000,
  duration: 1_000,
  localEndpoint: { serviceName: 'orders' },
};
const TYPE = { 'content-type': 'application/json' };

async function post(
  { url }: Pick<Started<unknown>, 'url'>,
  body: string | Buffer,
  headers: Record<string, string> = TYPE,
  path = '/api/v2/spans',
): Promise<{ status: number; headers: Headers; text: string }> {
  const answer = await fetch(url + path, { method: 'POST', body, headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

test('accepts spans, plain and compressed, as OTLP documents', async () => {
  const started = await zipkinReceiver(scope);
  const text = JSON.stringify([SPAN]);
  expect(await post(started, text)).toMatchObject({ status: 202, text: '' });
  expect((await post(started, gzipSync(text), { ...TYPE, 'content-encoding': 'gzip' })).status).toBe(202);
  expect((await post(started, '[]')).status).toBe(202);
  expect((await post(started, '[]', { 'content-type': '' })).status).toBe(202);
  expect(started.sink.formats).toEqual(['otlp', 'otlp']);
  expect(decodeTraces(started.sink.documents[0]!)).toMatchObject({ isDecoded: true, spans: 1 });
  expect(started.spans()).toEqual({ accepted: 2 });
});

test('an invalid span is rejected alone, counted, and named in the log', async () => {
  const started = await zipkinReceiver(scope);
  expect((await post(started, JSON.stringify([SPAN, { ...SPAN, id: 'nonsense' }]))).status).toBe(202);
  expect(started.spans()).toEqual({ accepted: 1, rejected: 1 });
  expect(started.log.find(/rejected invalid Zipkin spans/, 'warn')).toHaveLength(1);
});

test.each([
  ['garbage', 'garbage', TYPE, 400],
  ['an object', '{}', TYPE, 400],
  ['what is not gzip', '[]', { ...TYPE, 'content-encoding': 'gzip' }, 400],
  ['an unknown compression', '[]', { ...TYPE, 'content-encoding': 'br' }, 400],
  ['a bomb', gzipSync(Buffer.alloc(50_000_000, 0x20)), { ...TYPE, 'content-encoding': 'gzip' }, 413],
  ['protobuf', 'x', { 'content-type': 'application/x-protobuf' }, 415],
] as const)('refuses %s with a reason, and goes on', async (_, body, headers, status) => {
  const started = await zipkinReceiver(scope);
  expect(await post(started, body, headers)).toMatchObject({ status, text: expect.stringMatching(/./) });
  expect((await post(started, JSON.stringify([SPAN]))).status).toBe(202);
});

test.each([
  ['full', 429],
  ['stopping', 503],
] as const)('when the pipeline is %s, answers %i with Retry-After', async (answer, status) => {
  const started = await zipkinReceiver(scope);
  started.sink.answer = answer;
  const { status: given, headers } = await post(started, JSON.stringify([SPAN]));
  expect([given, headers.get('retry-after')]).toEqual([status, '1']);
  expect(started.spans()).toEqual({ refused: 1 });
});

test('names what it takes, and refuses foreign pages', async () => {
  const started = await zipkinReceiver(scope);
  expect(await post(started, '[]', TYPE, '/api/v1/spans')).toMatchObject({
    status: 404,
    text: expect.stringContaining('/api/v2/spans'),
  });
  expect((await fetch(`${started.url}/api/v2/spans`)).status).toBe(405);
  expect((await post(started, '[]', { ...TYPE, origin: 'https://example.com' })).status).toBe(403);
  const local = await post(started, '[]', { ...TYPE, origin: 'http://localhost:8080' });
  expect([local.status, local.headers.get('access-control-allow-origin')]).toEqual([202, 'http://localhost:8080']);
});
