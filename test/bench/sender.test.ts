import { createSocket } from 'node:dgram';
import { expect, test } from 'vitest';
import { numbered, numberOf, paddingOf, sentTimesOf, type Size } from '../../bench/load/documents.ts';
import { Load } from '../../bench/load/load.ts';
import { OwnSender } from '../../bench/load/sender.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

async function sink(): Promise<{ port: number; received: string[]; ports: Set<number> }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  const received: string[] = [];
  const ports = new Set<number>();
  socket.on('message', (message, from) => {
    received.push(message.toString());
    ports.add(from.port);
  });
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  scope.add(() => socket.close());
  return { port: socket.address().port, received, ports };
}

function loadTo(port: number, options?: ConstructorParameters<typeof Load>[1]): Load {
  const load = new Load(port, options);
  scope.add(() => load.close());
  return load;
}

test.each<Size>([
  { bytes: 0, kind: 'ascii' },
  { bytes: 700, kind: 'ascii' },
  { bytes: 4_000, kind: 'utf8' },
  { bytes: 60_000, kind: 'utf8' },
])('the sender creates the documents that the oracle expects: %o', async (size) => {
  const { port, received } = await sink();
  const load = loadTo(port);
  await load.burst(3, size);
  await load.steady(100, 0.05, size);
  await expect.poll(() => received.length).toBe(8);
  expect(load.offered).toBe(8);
  const timeless = received.map((datagram) => datagram.replaceAll(/_time":\d+\.\d{6}/g, '_time":1732394780.500000'));
  expect(timeless.toSorted()).toEqual(
    Array.from({ length: 8 }, (_, n) => HEADER + numbered(n, paddingOf(size))).toSorted(),
  );
  expect(
    received.map((datagram) => numberOf(datagram.slice(HEADER.length))).toSorted((a, b) => Number(a) - Number(b)),
  ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('sends the requested number from the requested number of ports, at a changing rate', async () => {
  const { port, received, ports } = await sink();
  const load = loadTo(port, { first: 1_000, sockets: 5 });
  await load.ramp(0, 1_000, 0.1);
  await expect.poll(() => received.length).toBe(50);
  expect(load.offered).toBe(50);
  expect(ports.size).toBe(5);
  expect(numberOf(received[0]!.slice(HEADER.length))).toBe(1_000);
});

test('a document contains the time when it was sent', async () => {
  const { port, received } = await sink();
  const beforeMs = Date.now();
  await loadTo(port).burst(1);
  await expect.poll(() => received.length).toBe(1);
  const body = Buffer.from(JSON.stringify({ TraceSegmentDocuments: [received[0]!.slice(HEADER.length)] }));
  const [sentMs = 0] = sentTimesOf(body);
  expect(sentMs).toBeGreaterThanOrEqual(beforeMs);
  expect(sentMs).toBeLessThanOrEqual(Date.now() + 1);
});

test('the oracle distinguishes changed documents from documents that were never sent', () => {
  const document = numbered(7, 'xxx');
  expect(numberOf(document)).toBe(7);
  expect(numberOf(document.replace('orders/7', 'orders/8'))).toBe('corrupted');
  expect(numberOf(document.replace('xxx', 'xyx'))).toBe('invented');
  expect(numberOf('{}')).toBe('invented');
});

test('without a C compiler, this process sends the same documents', async () => {
  const { port, received } = await sink();
  const sender = new OwnSender({ port, first: 5, sockets: 2 });
  scope.add(() => sender.close());
  const size: Size = { bytes: 300, kind: 'utf8' };
  expect(await sender.burst(2, size)).toBe(7);
  expect(await sender.paced(100, 100, 0.03, size)).toBe(10);
  await expect.poll(() => received.length).toBe(5);
  expect(
    received.map((datagram) => numberOf(datagram.slice(HEADER.length))).toSorted((a, b) => Number(a) - Number(b)),
  ).toEqual([5, 6, 7, 8, 9]);
  expect(received[0]).toContain(`"padding":"${paddingOf(size)}"`);
});
