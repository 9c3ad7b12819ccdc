import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { ResponseBudget } from '../../src/aws/response-budget.ts';
import { performCall, type HttpCall } from '../../src/aws/http-call.ts';
import { HttpConnections } from '../../src/aws/http-connections.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { freePort } from '../../src/compose/free-port.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

/** A server that does with each connection what it is told, and its URL. */
async function serving(onConnection: (socket: Socket) => void): Promise<URL> {
  const port = await scope.listen(createServer((socket) => onConnection(socket.on('error', () => {}))));
  return new URL(`http://127.0.0.1:${port}`);
}

type Result = Awaited<ReturnType<typeof performCall>>;
type Call = (url: URL, more?: Partial<Omit<HttpCall, 'url' | 'agent'>>) => Promise<Result>;

const REQUEST = {
  method: 'POST',
  target: '/',
  headers: {},
  body: Buffer.from('{}'),
  timeoutMs: 1_000,
  maxAnswerBytes: 10_000,
};

/** Both HTTP clients, each with connections that are kept alive. */
const CLIENTS: [name: string, client: () => Call][] = [
  [
    'node:http',
    () => {
      const agents = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };
      scope.add(() => Object.values(agents).forEach((agent) => agent.destroy()));
      return (url, more) => {
        const agent = url.protocol === 'https:' ? agents['https:'] : agents['http:'];
        return performCall({ url, agent, signal: new AbortController().signal, ...REQUEST, ...more });
      };
    },
  ],
  [
    'HttpConnections',
    () => {
      const servers = new Map<string, HttpConnections>();
      scope.add(() => servers.forEach((connections) => connections.close()));
      return (url, more) => {
        const config = { url, noVerifySsl: false, maxSockets: 10 };
        const connections = servers.get(url.origin) ?? new HttpConnections(config);
        servers.set(url.origin, connections);
        return connections.exchange({ signal: new AbortController().signal, ...REQUEST, ...more });
      };
    },
  ],
];

const onRequest =
  (bytes: string | Buffer, then: (socket: Socket) => void = () => {}) =>
  (socket: Socket): void =>
    void socket.once('data', () => {
      socket.write(bytes);
      then(socket);
    });

describe.each(CLIENTS)('%s', (_name, client) => {
  let call: Call;
  beforeEach(() => {
    call = client();
  });

  test('nobody listens: connection_refused', async () => {
    expect(await call(new URL(`http://127.0.0.1:${await freePort()}`))).toMatchObject({
      kind: 'failure',
      code: 'connection_refused',
    });
  });

  test('an untrusted certificate: tls', async () => {
    const xray = await scope.start(new FakeXRay({ tls: await selfSigned('localhost') }));
    expect(await call(new URL(xray.url))).toMatchObject({ kind: 'failure', code: 'tls' });
  });

  test('plain HTTP instead of TLS: tls', async () => {
    const url = await serving((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await call(new URL(url.href.replace('http:', 'https:')))).toMatchObject({ kind: 'failure', code: 'tls' });
  });

  test('a TLS handshake that hangs: timeout', async () => {
    const url = await serving(() => {});
    expect(await call(new URL(url.href.replace('http:', 'https:')))).toMatchObject({
      kind: 'failure',
      code: 'timeout',
    });
  });

  test('no answer, and an answer that never ends: timeout', async () => {
    expect(await call(await serving(() => {}))).toMatchObject({ kind: 'failure', code: 'timeout' });
    const dripping = await serving(
      onRequest('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', (socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    expect(await call(dripping)).toMatchObject({ kind: 'failure', code: 'timeout' });
  });

  test('a reset before or in an answer, and an answer that is cut off: connection_reset', async () => {
    expect(await call(await serving((socket) => socket.once('data', () => socket.resetAndDestroy())))).toMatchObject({
      code: 'connection_reset',
    });
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"Unproc';
    expect(
      await call(await serving(onRequest(head, (socket) => setTimeout(() => socket.resetAndDestroy(), 50)))),
    ).toMatchObject({
      code: 'connection_reset',
    });
    expect(await call(await serving(onRequest(head, (socket) => socket.end())))).toMatchObject({
      code: 'connection_reset',
    });
  });

  test.each([
    'SMTP ready\r\n',
    'HTTP/9.9 what\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    '\0\0\0\0\r\n\r\n',
  ])('treats a response that is not HTTP as a network failure: %#', async (bytes) => {
    expect(await call(await serving(onRequest(bytes)))).toMatchObject({ kind: 'failure', code: 'network' });
  });

  test('does not read an answer over the limit, whether its length is announced or not', async () => {
    const endless = onRequest('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', (socket) => {
      const timer = setInterval(() => socket.write(`1000\r\n${'x'.repeat(4_096)}\r\n`), 1);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await call(await serving(endless))).toMatchObject({ kind: 'failure', code: 'answer_too_large' });
    expect(await call(await serving(onRequest('HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n')))).toMatchObject({
      code: 'answer_too_large',
    });
  });

  test('an answer of one-byte chunks takes the memory of its bytes', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const answers = new (class extends ResponseBudget {
      arrived = 0;

      override take(bytes: number): boolean {
        this.arrived += bytes;
        return super.take(bytes);
      }
    })(1e6, () => {});
    const chunks = 300_000;
    const url = await serving(
      onRequest('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', (socket) =>
        socket.write('1\r\nx\r\n'.repeat(chunks)),
      ),
    );
    collect();
    const before = process.memoryUsage().heapUsed;
    const stop = new AbortController();
    const calling = call(url, { answers, maxAnswerBytes: 1e6, timeoutMs: 60_000, signal: stop.signal });
    await eventually(() => answers.arrived === chunks);
    collect();
    expect((process.memoryUsage().heapUsed - before) / chunks).toBeLessThan(30);
    stop.abort();
    expect(await calling).toMatchObject({ code: 'aborted' });
  });

  test('does not decompress a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const url = await serving(
      onRequest(
        Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`),
          bomb,
        ]),
      ),
    );
    expect(await call(url)).toMatchObject({ kind: 'answer', status: 200, body: bomb });
  });

  test('an abort before or during a call: aborted', async () => {
    const url = await serving(() => {});
    expect(await call(url, { signal: AbortSignal.abort() })).toMatchObject({ kind: 'failure', code: 'aborted' });
    expect(await call(url, { signal: AbortSignal.timeout(30) })).toMatchObject({ kind: 'failure', code: 'aborted' });
  });

  test('retries at once, and once only, on a kept-alive connection that turned out to be closed; not on a new one', async () => {
    let connections = 0;
    const url = await serving((socket) => {
      connections++;
      let requests = 0;
      // The second request on a connection finds it closed.
      socket.on('data', () =>
        requests++ === 0 ? socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}') : socket.resetAndDestroy(),
      );
    });
    for (let i = 0; i < 4; i++) expect(await call(url)).toMatchObject({ kind: 'answer', status: 200 });
    // Each second call found its connection closed, and made the one that the next call finds closed.
    expect(connections).toBe(4);
  });

  test('reports status and headers of an error whose body is too large', async () => {
    const url = await serving(
      onRequest(`HTTP/1.1 413 Too Large\r\nServer: gateway\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`),
    );
    expect(await call(url)).toMatchObject({ kind: 'answer', status: 413, headers: { server: 'gateway' } });
  });

  test('answers that are read at the same time share a budget, and return it', async () => {
    const url = await serving(onRequest(`HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${'x'.repeat(8_000)}`));
    const answers = new ResponseBudget(10_000, () => {});
    const first = call(url, { answers, timeoutMs: 300 });
    await eventually(() => {
      const isFree = answers.take(5_000);
      if (isFree) answers.giveBack(5_000);
      return !isFree;
    });
    expect(await call(url, { answers })).toMatchObject({ kind: 'failure', code: 'answer_too_large' });
    await first;
    await eventually(() => answers.take(10_000));
  });
});
