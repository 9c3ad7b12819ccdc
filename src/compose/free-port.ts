import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Below the ports that the kernel assigns, so that no other process gets the port between this check and its use. */
const FIRST = 20_000;
const COUNT = 12_000;

/** Ports that this process was given; it may not have bound them yet. */
const given = new Set<number>();
const MAX_GIVEN = 1_000;

/** A port that is free for both UDP and TCP, and that was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    if (given.size === MAX_GIVEN) given.clear();
    given.add(port);
    if ((await isFreeUdp(port)) && (await isFreeTcp(port))) return port;
  }
}

function isFreeUdp(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket('udp4');
  socket.once('error', () => socket.close(() => resolve(false)));
  socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  return promise;
}

function isFreeTcp(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
