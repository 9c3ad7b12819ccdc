import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionLimits } from '../../src/http/connections.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const MB = 1024 * 1024;

async function start(answer: (response: ServerResponse) => void) {
  let admitted = 0;
  let garbage = 0;
  let parsed = 0;
  const server = createServer((request, response) => {
    parsed++;
    if (!limits.admit(request, response)) return;
    admitted++;
    answer(response);
  });
  const limits: ConnectionLimits = new ConnectionLimits(server, {
    maxConnections: 2,
    maxUnreadBytes: 8 * MB,
    onGarbage: () => void garbage++,
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  scope.add(() => {
    server.close().closeAllConnections();
  });
  const open = (): Socket => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    scope.add(() => void socket.destroy());
    return socket;
  };
  return { limits, open, counts: () => ({ parsed, admitted, garbage }) };
}

test('closes a connection with more concurrent requests than clients send, at the cost of a few of them', async () => {
  const { open, counts } = await start(() => {});
  const socket = open();
  socket.write(GET.repeat(1_000));
  await eventually(() => socket.resume().closed);
  // Were all that came in one packet parsed, a few hundred connections would take hundreds of megabytes.
  expect(counts()).toMatchObject({ admitted: 8, parsed: 9 });
});

test('serves all consecutive requests on one connection', async () => {
  const { open, counts } = await start((response) => response.end('ok'));
  const socket = open();
  for (let i = 1; i <= 20; i++) {
    socket.write(GET);
    await eventually(() => socket.read() !== null);
    expect(counts().admitted).toBe(i);
  }
});

test('counts answers until the client has read them, and accepts no more meanwhile', async () => {
  const { limits, open, counts } = await start((response) => {
    limits.answering(response, 20 * MB);
    response.end(Buffer.alloc(20 * MB));
  });
  const socket = open().pause();
  socket.write(GET);
  await eventually(() => !limits.hasCapacity);
  socket.resume();
  await eventually(() => limits.hasCapacity);
  expect(counts()).toMatchObject({ admitted: 1, garbage: 1 });
});

test('unread large answers leave the separate budget of small ones free', async () => {
  let size: 'large' | 'small' = 'large';
  const { limits, open } = await start((response) => {
    limits.answering(response, 20 * MB, size);
    response.end(Buffer.alloc(20 * MB));
  });
  open().pause().write(GET);
  await eventually(() => !limits.hasCapacity);
  expect(limits.hasSmallCapacity).toBe(true);
  size = 'small';
  open().pause().write(GET);
  await eventually(() => !limits.hasSmallCapacity);
});
