import { request, type Agent, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from '../../../bench/load/load.ts';
import { dataOf, PREFACE, requestOf, resetOf } from '../../fakes/http2-frames.ts';

/** What a load is sent to, and for how long. */
export interface Target {
  readonly udpPort: number;
  readonly tcpPort: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly agent: Agent;
  readonly signal: AbortSignal;
  /** Told of the status of each answer; 0 when the connection was closed instead. */
  readonly onAnswer: (status: number) => void;
  /** Told of the number of documents in a call of `tcp-varied` that was answered with 200. */
  readonly onAccepted: (documents: number) => void;
}

export type LoadName =
  | 'udp-small'
  | 'udp-large'
  | 'tcp-large'
  | 'tcp-small'
  | 'tcp-varied'
  | 'tcp-hostile'
  | 'headers'
  | 'queries'
  | 'large-graphs';

const KB = 1024;
let numbers = 0;

const WORDS = Array.from({ length: 4_096 }, (_, i) =>
  (((i + 1) * 2_654_435_761) % 2 ** 40).toString(16).padStart(10, '0'),
);
const wordsOf = (count: number): string =>
  Array.from({ length: count }, (_, i) => WORDS[(i * 31 + numbers) & 4_095]).join(' ');

/**
 * Five kinds of documents, 3.3 MB in a call, that are large in different places: text, the index of words, that of
 * annotations, and statements.
 */
const VARIED: readonly (() => readonly object[])[] = [
  () => [{ metadata: { default: { text: wordsOf(300_000) } } }],
  () => [{ metadata: { default: { text: 'a b '.repeat(800_000) } } }],
  () => Array.from({ length: 50 }, () => ({ metadata: { default: { text: wordsOf(6_000) } } })),
  () => [
    {
      annotations: Object.fromEntries(
        Array.from({ length: 40_000 }, (_, i) => [`k${i}`, WORDS[(i + numbers) & 4_095]]),
      ),
    },
  ],
  () => [{ namespace: 'remote', sql: { sanitized_query: 'x'.repeat(3_000_000) } }],
];

function documentOf(bytes: number, more: object = {}): string {
  const n = ++numbers;
  const id = n.toString(16).padStart(16, '0');
  const nowSeconds = Math.floor(performance.timeOrigin / 1000);
  const start = {
    trace_id: `1-${nowSeconds.toString(16)}-${n.toString(16).padStart(24, '0')}`,
    id,
    name: `service-${n % 20}`,
    start_time: nowSeconds,
  };
  return JSON.stringify({
    ...start,
    end_time: nowSeconds + 1,
    annotations: { n },
    metadata: { text: 'x'.repeat(Math.max(0, bytes - 250)) },
    ...more,
  });
}

/** A trace of `count` segments, each of a service of its own, in bodies of 50 segments. */
function chainOf(count: number): { readonly traceId: string; readonly bodies: readonly Buffer[] } {
  const { trace_id: traceId } = JSON.parse(documentOf(0)) as { trace_id: string };
  const idOf = (n: number): string => (n + 1).toString(16).padStart(16, '0');
  const documents = Array.from({ length: count }, (_, n) =>
    documentOf(0, {
      trace_id: traceId,
      id: idOf(n),
      name: `chain-${n}`,
      ...(n === 0 ? {} : { parent_id: idOf(n - 1) }),
    }),
  );
  const bodies = Array.from({ length: Math.ceil(count / 50) }, (_, i) =>
    jsonOf({ TraceSegmentDocuments: documents.slice(i * 50, (i + 1) * 50) }),
  );
  return { traceId, bodies };
}

function bodyOf(count: number, bytes: number): Buffer {
  return Buffer.from(JSON.stringify({ TraceSegmentDocuments: Array.from({ length: count }, () => documentOf(bytes)) }));
}

/** One request; an answer that comes before the body has been sent counts, as with a limit that is reached. */
function call(target: Target, path: string, body: Buffer | undefined): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const sent = request(
    {
      port: target.tcpPort,
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: target.agent,
      signal: target.signal,
    },
    (response: IncomingMessage) => {
      response.on('error', () => {});
      response.on('close', () => resolve(response.statusCode ?? 0));
      response.resume();
    },
  );
  sent.on('error', () => resolve(0));
  sent.end(body);
  return promise;
}

/** `clients` that each send one request after the other until the load ends. */
async function clients(
  target: Target,
  count: number,
  next: () => readonly [path: string, body: Buffer | undefined],
): Promise<void> {
  const one = async (): Promise<void> => {
    while (!target.signal.aborted) {
      const status = await call(target, ...next());
      if (!target.signal.aborted) target.onAnswer(status);
      if (status === 0 || status === 429) await sleep(20);
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

async function datagrams(target: Target, perSecond: number, size?: { bytes: number; kind: 'ascii' }): Promise<void> {
  const load = new Load(target.udpPort);
  while (!target.signal.aborted) await load.steady(perSecond, 0.5, size);
  load.close();
}

const rotated = <T>(...items: T[]): (() => T) => {
  let next = 0;
  return () => items[next++ % items.length]!;
};

function hostileBodies(): readonly Buffer[] {
  return [
    `{"TraceSegmentDocuments":[${'"",'.repeat(1_600_000)}""]}`,
    `{"TraceSegmentDocuments":[${'[],'.repeat(1_600_000)}""]}`,
    `{"a":${'{"a":'.repeat(900_000)}`,
    '['.repeat(5_000_000),
    `{"TraceSegmentDocuments":["${String.raw`\u0001`.repeat(800_000)}"]}`,
    JSON.stringify({
      TraceSegmentDocuments: Array.from({ length: 50 }, (_, i) => JSON.stringify({ id: `${i}${'y'.repeat(80_000)}` })),
    }),
  ].map((text) => Buffer.from(text));
}

const CHUNK = 'POST /TraceSegments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
/** More requests at one time than a client sends on one connection, in one packet. */
const PIPELINED = 'POST /SamplingTargets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'.repeat(1_000);
const ANNOUNCED = 'POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n';

/**
 * Connections that hold what they may: bodies of 5 MB but for the last byte, bodies in chunks of a byte, half a header,
 * a thousand requests at one time.
 */
async function held({ tcpPort, signal }: Target, count: number): Promise<void> {
  const sockets: Socket[] = Array.from({ length: count }, () => connect(tcpPort, '127.0.0.1').on('error', () => {}));
  const almost = Buffer.alloc(4_999_999, 0x20);
  const ones = Buffer.from('1\r\nx\r\n'.repeat(500_000));
  for (const [i, socket] of sockets.entries()) {
    socket.resume();
    if (i % 50 === 3) socket.write(`POST /TraceSegments HTTP/1.1\r\nX: ${'y'.repeat(10_000)}`);
    else if (i % 50 === 7) socket.write(CHUNK, () => socket.write(ones));
    else if (i >= 200) socket.write(PIPELINED);
    else socket.write(ANNOUNCED, () => socket.write(almost));
  }
  while (!signal.aborted) await sleep(50);
  for (const socket of sockets) socket.destroy();
}

/** More than any limit of a server. */
const HEADER_CLIENTS = 500;
const LARGE = { x: 'y'.repeat(12_000) };
const manyOf = (count: number, of: (index: number) => Buffer): Buffer =>
  Buffer.concat([PREFACE, ...Array.from({ length: count }, (_, i) => of(i))]);
/** What costs before a request is accepted: large headers, many, requests that are cancelled, messages in bytes. */
const OVER_GRPC = [
  manyOf(100, (i) => requestOf(i, LARGE)),
  manyOf(100, (i) => requestOf(i, Object.fromEntries(Array.from({ length: 330 }, (_, n) => [`x${n}`, ''])))),
  manyOf(1_000, (i) => Buffer.concat([requestOf(i), resetOf(i)])),
  Buffer.concat([manyOf(1, (i) => requestOf(i)), ...Array.from({ length: 5_000 }, () => dataOf(0, Buffer.from('x')))]),
];
const OVER_HTTP = `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n${`X: ${'y'.repeat(230)}\r\n`.repeat(60)}`;

/** 500 clients of a port, which connect again when they are disconnected. */
async function connected(
  port: number,
  signal: AbortSignal,
  bytesOf: (index: number) => Buffer | string,
): Promise<void> {
  const sockets = new Set<Socket>();
  signal.addEventListener('abort', () => sockets.forEach((socket) => socket.destroy()));
  const one = async (index: number): Promise<void> => {
    while (!signal.aborted) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      sockets.add(socket);
      socket.resume();
      socket.write(bytesOf(index));
      await new Promise((done) => socket.once('close', done));
      sockets.delete(socket);
      await sleep(100);
    }
  };
  await Promise.all(Array.from({ length: HEADER_CLIENTS }, (_, index) => one(index)));
}

const RANGE = { StartTime: 0, EndTime: 4e9 };
const SIX_HOURS = {
  StartTime: Math.floor(performance.timeOrigin / 1000) - 3_600,
  EndTime: Math.floor(performance.timeOrigin / 1000) + 3_600,
};
const jsonOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** Ends with its signal. */
export const LOADS: Readonly<Record<LoadName, (target: Target) => Promise<void>>> = {
  'udp-small': (target) => datagrams(target, 50_000),
  'udp-large': (target) => datagrams(target, 400, { bytes: 60_000, kind: 'ascii' }),
  'tcp-large': async (target) => {
    const bodies = rotated(bodyOf(50, 92 * KB), bodyOf(50, 60 * KB), bodyOf(1, 4_600 * KB));
    await clients(target, 6, () => ['/TraceSegments', bodies()]);
  },
  'tcp-small': async (target) => {
    const bodies = rotated(...Array.from({ length: 40 }, () => bodyOf(50, 500)));
    await clients(target, 32, () => ['/TraceSegments', bodies()]);
  },
  'tcp-varied': async (target) => {
    const kinds = rotated(...VARIED);
    let documents: readonly string[] = [];
    const next = (): [string, Buffer] => {
      documents = kinds()().map((members) => documentOf(0, members));
      return ['/TraceSegments', Buffer.from(JSON.stringify({ TraceSegmentDocuments: documents }))];
    };
    const onAnswer = (status: number): void => {
      target.onAnswer(status);
      if (status === 200) target.onAccepted(documents.length);
    };
    await clients({ ...target, onAnswer }, 1, next);
  },
  'tcp-hostile': async (target) => {
    const bodies = rotated(...hostileBodies());
    await Promise.all([clients(target, 6, () => ['/TraceSegments', bodies()]), held(target, 400)]);
  },
  headers: async ({ tcpPort, httpPort, grpcPort, signal }) => {
    const overHttp = [tcpPort, httpPort].map((port) => connected(port, signal, () => OVER_HTTP));
    await Promise.all([...overHttp, connected(grpcPort, signal, (i) => OVER_GRPC[i % OVER_GRPC.length]!)]);
  },
  'large-graphs': async (target) => {
    const { traceId, bodies } = chainOf(1_250);
    for (const body of bodies) target.onAnswer(await call(target, '/TraceSegments', body));
    await clients(target, 2, () => ['/TraceGraph', jsonOf({ TraceIds: [traceId] })]);
  },
  queries: async (target) => {
    const questions = rotated<readonly [string, Buffer | undefined]>(
      ['/TraceSummaries', jsonOf(RANGE)],
      ['/TraceSummaries', jsonOf({ ...RANGE, FilterExpression: 'annotation.n > 5 OR service("service-1")' })],
      ['/ServiceGraph', jsonOf(SIX_HOURS)],
      ['/TimeSeriesServiceStatistics', jsonOf(SIX_HOURS)],
      ['/api/traces?limit=1000', undefined],
      ['/api/graph', undefined],
      ['/api/suggestions?field=annotation.n', undefined],
      ['/traces.ndjson?limit=500', undefined],
    );
    const listeners = Array.from({ length: 20 }, () => connect(target.tcpPort, '127.0.0.1').on('error', () => {}));
    // They never read.
    for (const listener of listeners) listener.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await clients(target, 8, questions);
    for (const listener of listeners) listener.destroy();
  },
};
