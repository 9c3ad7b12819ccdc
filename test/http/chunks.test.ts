import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { limitChunks } from '../../src/http/chunks.ts';
import { ConnectionLimits } from '../../src/http/connections.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function limited(): { push: (bytes: number) => void; cuts: () => number } {
  const body = new Readable({ read: () => {} });
  let cuts = 0;
  limitChunks(body, () => cuts++);
  return { push: (bytes) => void body.push(Buffer.alloc(bytes)), cuts: () => cuts };
}

const nextTurn = (): Promise<void> => new Promise((next) => setImmediate(next));

test('a body of tiny chunks is cut once', () => {
  const { push, cuts } = limited();
  for (let i = 0; i < 2_000; i++) push(1);
  expect(cuts()).toBe(0);
  for (let i = 0; i < 5_000; i++) push(1);
  expect(cuts()).toBe(1);
});

test('bodies of ordinary chunks are never cut', () => {
  const { push, cuts } = limited();
  for (let i = 0; i < 50_000; i++) push(200);
  expect(cuts()).toBe(0);
});

test('many bodies of tiny chunks in one turn are cut sooner, and those of the next turn are not', async () => {
  await nextTurn();
  const bodies = Array.from({ length: 100 }, limited);
  for (const { push } of bodies) for (let i = 0; i < 1_000; i++) push(1);
  const cut = bodies.filter(({ cuts }) => cuts() === 1).length;
  expect(cut).toBeGreaterThan(70);
  const late = limited();
  late.push(1);
  expect(late.cuts()).toBe(0);
  await nextTurn();
  for (let i = 0; i < 500; i++) late.push(1);
  expect(late.cuts()).toBe(0);
  await nextTurn();
});

test('the rest of a body that was answered without reading it is limited too', async () => {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    limits.admit(request, response);
    response.end('answered');
  });
  const limits = new ConnectionLimits(server, { maxConnections: 10, maxUnreadBytes: 1e6 });
  const socket = connect(await scope.listen(server), '127.0.0.1').on('error', () => {});
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain('answered');
  const closed = once(socket, 'close');
  socket.write('1\r\nx\r\n'.repeat(10_000));
  await closed;
});

test('the parser hands over no more chunks of a body that was cut, although they are in the same read', async () => {
  let chunks = 0;
  const server = createServer((request, response) => {
    limits.admit(request, response);
    request.on('error', () => {});
    const push = request.push.bind(request);
    request.push = (chunk: unknown) => {
      chunks++;
      return push(chunk);
    };
    request.resume();
  });
  const limits = new ConnectionLimits(server, { maxConnections: 10, maxUnreadBytes: 1e6 });
  const socket = connect(await scope.listen(server), '127.0.0.1').on('error', () => {});
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(10_000)}`);
  await once(socket, 'close');
  expect(chunks).toBeGreaterThan(1_000);
  expect(chunks).toBeLessThan(2_100);
});
