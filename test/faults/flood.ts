/** node flood.ts PORT SECONDS: sends small valid segments as fast as it can, and prints how many. A process of its own, as a sender is. */
import { createSocket } from 'node:dgram';
import { HEADER } from '../fakes/fixtures.ts';
import { FLOOD } from './oracle.ts';

const [port = '0', seconds = '0'] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 });
const datagram = Buffer.from(HEADER + FLOOD);
const endMs = performance.now() + Math.min(30, Number(seconds)) * 1000;
let sent = 0;
while (performance.now() < endMs) {
  const sends: Promise<void>[] = [];
  for (let i = 0; i < 256; i++) sends.push(new Promise((done) => socket.send(datagram, Number(port), '127.0.0.1', () => done())));
  await Promise.all(sends);
  sent += sends.length;
}
socket.close();
process.stdout.write(String(sent));
