import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { DirectReader } from '../../src/udp/direct-reader.ts';
import { ownSocket } from '../../src/udp/kernel-drops.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

test.skipIf(!existsSync('/proc/self/fd'))(
  'reads what waits, as it was sent, and then says that there is no more (skipped: no /proc)',
  async () => {
    const socket = await bound();
    const { port } = socket.address();
    const reader = new DirectReader(ownSocket(port)!.descriptor);
    sendBeforeTheNextTurn(port, [5, 0, 65_507, 4]);

    const read: Buffer[] = [];
    const to = {
      take: (bytes: Buffer, length: number): void => void read.push(Buffer.from(bytes.subarray(0, length))),
    };
    expect(reader.read(3, to)).toBe(3);
    expect(reader.read(3, to)).toBe(1);
    expect(reader.read(3, to)).toBe(0);
    expect(read.map(({ length }) => length)).toEqual([5, 0, 65_507, 4]);
    expect(read.every((datagram) => datagram.every((byte) => byte === 120))).toBe(true);
  },
);

test('stops reading after an error, and throws nothing', () => {
  const descriptor = openSync('package.json', 'r');
  closeSync(descriptor);
  const reader = new DirectReader(descriptor);
  const to = { take: (): void => expect.unreachable() };
  expect(reader.read(10, to)).toBe(0);
  // The number belongs to a readable file again; a reader that has failed does not touch it.
  const other = openSync('package.json', 'r');
  expect(other).toBe(descriptor);
  expect(reader.read(10, to)).toBe(0);
  closeSync(other);
});

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/**
 * Datagrams of these lengths from another process, while this one's event loop stands still and cannot read them
 * itself.
 */
function sendBeforeTheNextTurn(port: number, lengths: readonly number[]): void {
  const program = `
    const socket = require('node:dgram').createSocket('udp4');
    (async () => {
      for (const length of ${JSON.stringify(lengths)}) await new Promise((done) => socket.send(Buffer.alloc(length, 'x'), ${port}, '127.0.0.1', done));
      socket.close();
    })();`;
  execFileSync(process.execPath, ['-e', program]);
}
