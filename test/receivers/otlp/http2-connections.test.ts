import { once } from 'node:events';
import {
  connect as connectHttp2,
  constants,
  createServer,
  type ClientHttp2Stream,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Http2Connections, http2LimitsOf, type Http2Limits } from '../../../src/receivers/otlp/http2-connections.ts';
import { eventually } from '../../fakes/eventually.ts';
import { PREFACE, requestOf, resetOf } from '../../fakes/http2-frames.ts';
import { Scope } from '../../fakes/scope.ts';
import { grpcReceiver } from '../started.ts';

const scope = new Scope();
/** A client that speaks HTTP/2 and never closes its side of the connection. */
async function stubborn(url: string): Promise<Socket> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  scope.add(() => socket.destroy());
  socket.write(PREFACE);
  await once(socket, 'data');
  return socket;
}

/** Starts a request and does not end it. */
function open(url: string, requests = 1): ClientHttp2Stream[] {
  const session = connectHttp2(url);
  scope.add(() => session.destroy());
  session.on('error', () => {});
  return Array.from({ length: requests }, () => {
    const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    stream.resume();
    return stream;
  });
}

async function serverWith(limits: Partial<Http2Limits>) {
  const server = createServer();
  const connections = new Http2Connections(server, {
    ...http2LimitsOf({ maxConnections: 512, maxStreamsOfOne: 100 }),
    spareMs: 0,
    ...limits,
  });
  let admitted = 0;
  let sessions = 0;
  server.on('session', (session) => {
    sessions++;
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    if (connections.admit(stream)) admitted++;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.add(() => {
    connections.cut();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const count = (): Promise<number> => new Promise((done) => server.getConnections((_, connected) => done(connected)));
  return { url: `http://127.0.0.1:${port}`, admitted: () => admitted, sessions: () => sessions, count };
}

test('a client that never closes its connection does not hold up a stop', async () => {
  const { url, receiver } = await grpcReceiver(scope);
  await stubborn(url);
  await receiver.stop(AbortSignal.timeout(50));
  expect(receiver.state.state).toBe('off');
});

test('an idle connection is closed, also if its client does not close its side', async () => {
  const { url, count } = await serverWith({ idleMs: 50 });
  await stubborn(url);
  await eventually(async () => (await count()) === 0);
});

test('requests beyond the limit of all connections are reset, so that clients send them again', async () => {
  const started = await grpcReceiver(scope);
  const { url } = started;
  const streams = Array.from({ length: 6 }, () => open(url, 100)).flat();
  const refused = (): number => streams.filter(({ rstCode }) => rstCode === constants.NGHTTP2_REFUSED_STREAM).length;
  await eventually(() => refused() === 600 - 512);
  expect(started.refused()).toEqual({ requests: 600 - 512 });
});

test('a request that ends makes room for another one', async () => {
  const { url, admitted } = await serverWith({ maxStreams: 1 });
  const [first] = open(url);
  await eventually(() => admitted() === 1);
  const [refused] = open(url);
  await eventually(() => refused!.rstCode === constants.NGHTTP2_REFUSED_STREAM);
  first!.close(constants.NGHTTP2_CANCEL);
  await eventually(() => {
    open(url);
    return admitted() === 2;
  });
});

test('beyond the limit of connections, the one that has had no request for longest is closed', async () => {
  const { url, admitted } = await serverWith({ maxConnections: 2 });
  const idle = await stubborn(url);
  const closed = once(idle, 'close');
  idle.on('end', () => idle.end());
  const [busy] = open(url);
  await eventually(() => admitted() === 1);
  open(url);
  await closed;
  await eventually(() => admitted() === 2);
  expect(busy!.closed).toBe(false);
});

/** Sends bytes in one packet after the start of HTTP/2. */
function sendAtOnce(url: string, bytes: Buffer): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  scope.add(() => socket.destroy());
  socket.resume();
  socket.write(Buffer.concat([PREFACE, bytes]));
  return socket;
}

test('a client that starts and cancels more requests at once than it may have is disconnected after a few', async () => {
  const { url, admitted, count } = await serverWith({ maxStreamsOfOne: 12 });
  const requests = Array.from({ length: 300 }, (_, i) => Buffer.concat([requestOf(i), resetOf(i)]));
  const socket = sendAtOnce(url, Buffer.concat(requests));
  await eventually(() => socket.closed);
  await eventually(async () => (await count()) === 0);
  expect(admitted()).toBe(24);
});

test('a client that sends refused requests again at once is disconnected', async () => {
  const { url, admitted } = await serverWith({ maxStreams: 1, maxStreamsOfOne: 12 });
  open(url);
  await eventually(() => admitted() === 1);
  const socket = sendAtOnce(url, Buffer.concat(Array.from({ length: 20 }, (_, i) => requestOf(i))));
  await eventually(() => socket.closed);
  expect(admitted()).toBe(1);
});

test('clients that connect faster than connections become spare cost no session', async () => {
  const { url, sessions, count } = await serverWith({ maxConnections: 4, spareMs: 60_000, shareMs: 60_000 });
  const clients = Array.from({ length: 4 }, () => sendAtOnce(url, Buffer.alloc(0)));
  await eventually(() => sessions() === 4);
  const beyond = Array.from({ length: 20 }, () => sendAtOnce(url, requestOf(0)));
  await eventually(() => beyond.every(({ closed }) => closed));
  expect([sessions(), await count(), clients.some(({ closed }) => closed)]).toEqual([4, 4, false]);
});

test('a client that is never idle for long makes room for another one between two of its requests', async () => {
  const { url, sessions } = await serverWith({ maxConnections: 2, spareMs: 60_000, shareMs: 0 });
  const busy = sendAtOnce(url, Buffer.alloc(0));
  await eventually(() => sessions() === 1);
  sendAtOnce(url, Buffer.alloc(0));
  await eventually(() => sessions() === 2);
  await eventually(() => busy.closed);
});

test('many clients that send what each may send at once are disconnected, and those with a few requests are not', async () => {
  const { url, count, admitted } = await serverWith({ maxStreams: 20, maxStreamsOfOne: 40 });
  const few = await Promise.all(Array.from({ length: 2 }, () => stubborn(url)));
  const many = await Promise.all(Array.from({ length: 10 }, () => stubborn(url)));
  const requests = (number: number): Buffer => Buffer.concat(Array.from({ length: number }, (_, i) => requestOf(i)));
  // All of it has arrived before the server reads any of it.
  for (const socket of many) socket.write(requests(40));
  for (const socket of few) socket.write(requests(5));
  const until = performance.now() + 200;
  while (performance.now() < until);
  await eventually(async () => (await count()) < 12);
  await eventually(() => admitted() >= 20);
  expect(await count()).toBeGreaterThanOrEqual(few.length);
  expect(few.map(({ destroyed, readableEnded }) => destroyed || readableEnded)).toEqual([false, false]);
});
