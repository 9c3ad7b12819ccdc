import { createSocket } from 'node:dgram';

/** A port that was free a moment ago, for a program that must be told one for UDP and TCP. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  socket.close();
  return port;
}
