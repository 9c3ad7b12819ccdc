import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { formatAddress, type Address } from '../pipeline/address.ts';
import { within } from '../pipeline/deadline.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';

const HEADER = '{"format":"json","version":1}\n';
/** Within this time a closed port is reported, on the same machine or in the same cluster. */
const REFUSAL_WAIT_MS = 50;
/** Time limit for connecting the socket, which binds it and looks up the name. */
const LOOKUP_MS = 5_000;

/** Two segments of one trace: a web request that calls an orders service, whose database call fails. */
export function sampleTrace(nowMs: number): { traceId: string; documents: string[] } {
  const start = nowMs / 1000 - 0.25;
  const traceId = `1-${Math.floor(start).toString(16).padStart(8, '0')}-${id(12)}`;
  const [web, call, orders, query] = [id(8), id(8), id(8), id(8)];
  const request = { method: 'POST', url: 'http://shop.example/checkout', user_agent: 'xrayd send' };
  const ordersUrl = 'http://orders.example/orders';
  const exception = {
    id: id(8),
    type: 'ConditionalCheckFailedException',
    message: 'The conditional request failed',
    remote: true,
  };
  return {
    traceId,
    documents: [
      {
        id: web,
        trace_id: traceId,
        name: 'web',
        start_time: start,
        end_time: start + 0.25,
        http: { request, response: { status: 409 } },
        error: true,
        annotations: { sample: true, customer: 'c-1042' },
        subsegments: [
          { id: id(8), name: 'validate cart', start_time: start + 0.004, end_time: start + 0.031 },
          {
            id: call,
            name: 'orders',
            namespace: 'remote',
            start_time: start + 0.033,
            end_time: start + 0.241,
            http: { request: { method: 'POST', url: ordersUrl, traced: true }, response: { status: 409 } },
            error: true,
          },
        ],
      },
      {
        id: orders,
        trace_id: traceId,
        parent_id: call,
        name: 'orders',
        start_time: start + 0.041,
        end_time: start + 0.236,
        http: { request: { method: 'POST', url: ordersUrl }, response: { status: 409 } },
        error: true,
        subsegments: [
          {
            id: query,
            name: 'DynamoDB',
            namespace: 'aws',
            start_time: start + 0.062,
            end_time: start + 0.229,
            aws: { operation: 'PutItem', table_name: 'orders', region: 'us-east-1', retries: 1 },
            http: { response: { status: 400 } },
            error: true,
            cause: { working_directory: '/app', exceptions: [exception] },
          },
        ],
      },
    ].map((document) => JSON.stringify(document)),
  };
}

/** Sends documents to a daemon's UDP port. Throws XRAYD_SEND if the machine reports that nothing listens there. */
export async function sendDocuments(documents: readonly string[], address: Address): Promise<void> {
  const socket = createSocket(address.host.includes(':') ? 'udp6' : 'udp4');
  try {
    // A connected socket is told about a closed port: when it reads, or at its next send.
    const failure = new Promise<never>((_resolve, reject) => socket.on('error', reject));
    // Node passes a failed look-up only to the callback.
    const connected = new Promise<void>((done, failed) =>
      socket.connect(address.port, address.host, ((error?: Error) => (error ? failed(error) : done())) as () => void),
    );
    await within(LOOKUP_MS, `looking up ${address.host}`, () => Promise.race([failure, connected]));
    for (const document of documents) {
      const sent = new Promise<void>((done, failed) => {
        socket.send(HEADER + document, (error) => (error ? failed(error) : done()));
      });
      await Promise.race([failure, sent]);
      await Promise.race([failure, new Promise((next) => setTimeout(next, REFUSAL_WAIT_MS))]);
    }
  } catch (error) {
    const reason =
      systemCodeOf(error) === 'ECONNREFUSED'
        ? 'nothing listens there. Start a daemon, for example: xrayd local'
        : messageOf(error);
    throw new XraydError('XRAYD_SEND', `cannot send to UDP ${formatAddress(address)}: ${reason}`, { cause: error });
  } finally {
    socket.close();
  }
}

function id(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}
