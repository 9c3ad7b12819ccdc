import { connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { span, TRACE, traces } from '../../fakes/otlp.ts';
import { logsRequest, metricsRequest } from '../../fakes/otlp-signals.ts';
import { Scope } from '../../fakes/scope.ts';
import { grpcReceiver } from '../started.ts';

const scope = new Scope();
const ONE = encodeTraces(traces([span()]));
const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

function framed(message: Buffer, flag = 0): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

interface GrpcAnswer {
  readonly httpStatus: number;
  /** `grpc-status`, from the headers or the trailers. */
  readonly status: string | undefined;
  readonly message: string;
  readonly details: string | undefined;
  readonly body: Buffer;
}

/** A call with HTTP/2 alone: what is sent need not be gRPC. */
async function call(url: string, chunks: readonly Buffer[], more: OutgoingHttpHeaders = {}): Promise<GrpcAnswer> {
  const session = connect(url);
  scope.add(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': EXPORT,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
  const { promise, resolve, reject } = Promise.withResolvers<GrpcAnswer>();
  const seen: Record<string, string | undefined> = {};
  const body: Buffer[] = [];
  const note = (headers: Readonly<Record<string, unknown>>): void => {
    for (const [name, value] of Object.entries(headers)) seen[name] = String(value);
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('data', (chunk: Buffer) => body.push(chunk));
  stream.on('error', reject);
  session.on('error', reject);
  stream.on('close', () => {
    session.close();
    resolve({
      httpStatus: Number(seen[':status']),
      status: seen['grpc-status'],
      message: decodeURIComponent(seen['grpc-message'] ?? ''),
      details: seen['grpc-status-details-bin'],
      body: Buffer.concat(body),
    });
  });
  for (const chunk of chunks) {
    stream.write(chunk);
    await new Promise((done) => setTimeout(done, 5));
  }
  stream.end();
  return promise;
}

test('accepts a message, in one piece, in many and compressed', async () => {
  const started = await grpcReceiver(scope);
  const pieces = Array.from(framed(ONE), (byte) => Buffer.from([byte]));
  for (const [chunks, headers] of [
    [[framed(ONE)], {}],
    [[...pieces.slice(0, 8), framed(ONE).subarray(8)], { 'content-type': 'application/grpc+proto' }],
    [[framed(gzipSync(ONE), 1)], { 'grpc-encoding': 'gzip' }],
    [[framed(ONE)], { 'grpc-encoding': 'gzip' }],
  ] as const) {
    const answer = await call(started.url, chunks, headers);
    expect(answer).toMatchObject({ httpStatus: 200, status: '0', body: Buffer.alloc(5) });
  }
  expect(started.sink.documents).toHaveLength(4);
  expect(started.spans()).toEqual({ accepted: 4 });
});

test('an invalid span is rejected alone', async () => {
  const started = await grpcReceiver(scope);
  const answer = await call(started.url, [framed(encodeTraces(traces([span(), span({ spanId: '' })])))]);
  expect(answer.status).toBe('0');
  expect(answer.body.toString('latin1')).toContain('span_id is missing');
  expect(started.spans()).toEqual({ accepted: 1, rejected: 1 });
});

test.each([
  ['no message', [], {}, '13'],
  ['a message that is cut off', [framed(ONE).subarray(0, 20)], {}, '13'],
  ['two messages', [framed(ONE), framed(ONE)], {}, '13'],
  ['a flag that does not exist', [framed(ONE, 7)], {}, '13'],
  ['a compressed message without grpc-encoding', [framed(gzipSync(ONE), 1)], {}, '13'],
  ['what is not gzip', [framed(ONE, 1)], { 'grpc-encoding': 'gzip' }, '13'],
  ['an unknown compression', [framed(ONE, 1)], { 'grpc-encoding': 'snappy' }, '12'],
  ['garbage', [framed(Buffer.from('garbage that is no protobuf'))], {}, '3'],
  ['a message that is too large', [framed(Buffer.alloc(1_000_001))], {}, '8'],
  ['a bomb', [framed(gzipSync(Buffer.alloc(50_000_000)), 1)], { 'grpc-encoding': 'gzip' }, '8'],
  ['a method that does not exist', [framed(ONE)], { ':path': '/x.Y/Z' }, '12'],
  ['a foreign page', [framed(ONE)], { origin: 'https://example.com' }, '7'],
  ['a foreign name', [framed(ONE)], { ':authority': 'evil.example' }, '7'],
] as const)('answers %s with a status, and goes on', async (_, chunks, headers, status) => {
  const started = await grpcReceiver(scope);
  const answer = await call(started.url, chunks, headers);
  expect([answer.httpStatus, answer.status, answer.message]).toEqual([200, status, expect.stringMatching(/./)]);
  expect(started.sink.documents).toEqual([]);
  expect((await call(started.url, [framed(ONE)])).status).toBe('0');
});

test.each(['full', 'stopping', 'unwritable'] as const)(
  'when the pipeline is %s, the client may try again',
  async (answer) => {
    const started = await grpcReceiver(scope, { mode: 'daemon' });
    if (answer === 'unwritable') started.sink.isWritable = false;
    else started.sink.answer = answer;
    const { status, details } = await call(started.url, [framed(ONE)]);
    expect(status).toBe('14');
    // google.rpc.Status with RetryInfo.
    expect(Buffer.from(details ?? '', 'base64').toString('latin1')).toContain('google.rpc.RetryInfo');
    expect(started.spans()).toEqual({ refused: 1 });
  },
);

test('while too many requests are being read, the client may try again', async () => {
  const started = await grpcReceiver(scope, { mode: 'daemon', maxBodiesBytes: 0 });
  const { status, details } = await call(started.url, [framed(Buffer.alloc(100_000))]);
  expect(status).toBe('14');
  expect(Buffer.from(details ?? '', 'base64').toString('latin1')).toContain('google.rpc.RetryInfo');
  expect([started.spans(), started.refused()]).toEqual([{}, { bodies: 1 }]);
});

test('what is not gRPC gets a status of HTTP', async () => {
  const { url } = await grpcReceiver(scope);
  expect((await call(url, [ONE], { 'content-type': 'application/x-protobuf' })).httpStatus).toBe(415);
});

test('logs of traces are kept in local mode, metrics are counted, and the daemon takes neither', async () => {
  const service = (signal: 'Logs' | 'Metrics'): string =>
    `/opentelemetry.proto.collector.${signal.toLowerCase()}.v1.${signal}Service/Export`;
  const started = await grpcReceiver(scope);
  const kept = await call(started.url, [framed(logsRequest([{ traceId: TRACE }]))], { ':path': service('Logs') });
  expect([kept.status, kept.body]).toEqual(['0', framed(Buffer.alloc(0))]);
  const some = await call(started.url, [framed(logsRequest([{}, { traceId: TRACE }]))], { ':path': service('Logs') });
  expect([some.status, some.body.toString('latin1')]).toEqual(['0', expect.stringContaining('1 have no trace ID')]);
  const metrics = await call(started.url, [framed(metricsRequest(3))], { ':path': service('Metrics') });
  expect([metrics.status, metrics.body.toString('latin1')]).toEqual(['0', expect.stringContaining('metrics')]);
  expect(started.others()).toEqual({ 'logs kept': 2, 'logs not_kept': 1, 'metrics not_kept': 3 });
  expect(started.logs).toHaveLength(2);
  const daemon = await grpcReceiver(scope, { mode: 'daemon' });
  for (const signal of ['Logs', 'Metrics'] as const)
    expect((await call(daemon.url, [framed(Buffer.alloc(0))], { ':path': service(signal) })).status).toBe('12');
});
test('clients that are no HTTP/2, that reset, or that stop in the middle disturb nobody, and a stop ends them', async () => {
  const started = await grpcReceiver(scope);
  const plain = await fetch(started.url).catch((error: unknown) => error);
  expect(plain).toBeInstanceOf(Error);
  const session = connect(started.url);
  session.on('error', () => {});
  for (let i = 0; i < 300; i++) {
    const stream = session.request({ ':method': 'POST', ':path': EXPORT, 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    stream.write(framed(ONE).subarray(0, 10));
    if (i % 3 > 0) stream.close(constants.NGHTTP2_CANCEL);
  }
  expect((await call(started.url, [framed(ONE)])).status).toBe('0');
  await started.receiver.stop(AbortSignal.timeout(50));
  expect(started.receiver.state.state).toBe('off');
  session.destroy();
  expect(started.log.find(/please report/)).toEqual([]);
});

test('a session is told to go when the receiver stops, and a request under way is answered', async () => {
  const started = await grpcReceiver(scope, { isConfirmed: true });
  const answering = call(started.url, [framed(ONE)]);
  while (started.sink.tickets.length === 0) await new Promise((done) => setTimeout(done, 5));
  const stopping = started.receiver.stop(AbortSignal.timeout(5_000));
  started.sink.tickets[0]!(0, { kind: 'delivered' });
  expect((await answering).status).toBe('0');
  await stopping;
});
