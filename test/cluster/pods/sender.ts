/**
 * Runs in a pod of xrayd's image: sends numbered segments from one source port, as an application with one socket does,
 * and looks its target up for each, as the Node and Python SDKs do, or once: 2,000 lookups a second are more than DNS
 * answers on a slow machine.
 *     node sender.ts HOST:PORT PER_SECOND SECONDS [once]
 * Prints "sent N" at the end. A name that cannot be looked up costs its segment, as it does in an application.
 */
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { numbered } from '../../../bench/load/documents.ts';

const SOURCE_PORT = 40_000;
const [target = '', perSecond = '', seconds = '', lookups = ''] = process.argv.slice(2);
const [name = '', port = ''] = target.split(':');
const host = lookups === 'once' ? (await lookup(name, 4)).address : name;
const socket = createSocket('udp4');
const padding = 'x'.repeat(700);
let next = 0;

await new Promise<void>((bound) => socket.bind(SOURCE_PORT, () => bound()));
const startMs = performance.now();
const total = Number(perSecond) * Number(seconds);
while (next < total) {
  const due = Math.min(total, Math.floor(((performance.now() - startMs) / 1000) * Number(perSecond)));
  for (; next < due; next++) {
    const seconds6 = (Date.now() / 1000).toFixed(6);
    socket.send(`{"format":"json","version":1}\n${numbered(next, padding, seconds6)}`, Number(port), host, () => {});
  }
  await new Promise((wait) => setTimeout(wait, 5));
}
await new Promise((wait) => setTimeout(wait, 500));
socket.close();
process.stdout.write(`sent ${total}\n`);
