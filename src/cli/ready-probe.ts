import { connect } from 'node:net';
import { member } from '../json/json.ts';
import { formatAddress, reachable, type Address } from '../pipeline/address.ts';
import { messageOf } from '../pipeline/errors.ts';

/** Far more than /readyz returns. */
const MAX_BYTES = 64 * 1024;

/**
 * Asks a daemon's /readyz; undefined if it is ready, otherwise why not. Another program's 200 does not count.
 * On a bare socket: the healthcheck runs every few seconds in every pod, and node:http takes a third of its time.
 * HTTP/1.0, so that the answer is neither chunked nor kept open.
 */
export function healthProblem(address: Address, timeoutMs = 3_000): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const { host, port } = reachable(address);
  const socket = connect({ host, port });
  const chunks: Buffer[] = [];
  let length = 0;
  const finish = (problem: string | undefined): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve(problem);
  };
  const timer = setTimeout(() => finish(`no complete answer within ${timeoutMs} ms`), timeoutMs);
  socket.on('error', (error) => finish(messageOf(error)));
  socket.on('connect', () => {
    socket.write(`GET /readyz HTTP/1.0\r\nHost: ${formatAddress({ host, port })}\r\n\r\n`);
  });
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BYTES) return finish(`the answer is larger than ${MAX_BYTES} bytes`);
    const { status } = parsed(Buffer.concat(chunks).toString());
    if (status !== undefined && status !== 200) finish(`HTTP ${status}`);
  });
  socket.on('end', () => {
    const { status, body } = parsed(Buffer.concat(chunks).toString());
    if (status === undefined) finish('the connection was closed without an answer');
    else finish(isXrayds(body) ? undefined : 'the server that answered is not xrayd');
  });
  return promise;
}

/** `status` is undefined while the head is incomplete. */
function parsed(text: string): { status: number | undefined; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const status = end < 0 ? undefined : Number(/^HTTP\/1\.\d (\d{3})\b/.exec(text)?.[1] ?? 0);
  return { status, body: text.slice(end + 4) };
}

function isXrayds(body: string): boolean {
  try {
    const json: unknown = JSON.parse(body);
    return member(json, 'status') === 'ok' && Array.isArray(member(json, 'parts'));
  } catch {
    return false;
  }
}
