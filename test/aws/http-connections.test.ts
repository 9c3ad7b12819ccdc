import { execFile } from 'node:child_process';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { createServer as createTls, type Server as TlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { HttpConnections, type ConnectionsConfig, type HttpRequest } from '../../src/aws/http-connections.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { FakeHttpProxy } from '../fakes/http-proxy.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}';

function clientOf(url: URL, more: Partial<ConnectionsConfig> = {}): HttpConnections {
  const connections = new HttpConnections({ url, noVerifySsl: true, maxSockets: 10, ...more });
  scope.add(() => connections.close());
  return connections;
}

const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  target: '/TraceSegments',
  headers: { host: 'x', 'content-length': '2' },
  body: Buffer.from('{}'),
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  maxAnswerBytes: 10_000,
  ...more,
});

/** A server that calls `onRequest` for each request of each connection with the number of both, and its open sockets. */
async function serving(
  onRequest: (socket: Socket, connection: number, request: number) => void,
): Promise<{ url: URL; sockets: Socket[]; requests: string[] }> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket.on('error', () => {}));
    let pending = '';
    let count = 0;
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\r\n\r\n{}'); end >= 0; end = pending.indexOf('\r\n\r\n{}')) {
        requests.push(pending.slice(0, end));
        pending = pending.slice(end + 6);
        onRequest(socket, connection, ++count);
      }
    });
  });
  const port = await scope.listen(server);
  return { url: new URL(`http://127.0.0.1:${port}`), sockets, requests };
}

test('writes the request as it was given', async () => {
  const { url, requests } = await serving((socket) => socket.write(OK));
  const client = clientOf(url);
  expect(await client.exchange(request({ target: '/a?b=c', headers: { host: 'h', 'x-é': 'é' } }))).toMatchObject({
    status: 200,
  });
  expect(requests).toEqual(['POST /a?b=c HTTP/1.1\r\nhost: h\r\nx-é: é\r\nConnection: keep-alive']);
});

test.each([
  ['with', 200],
  ['without', 20],
])('writes the same request %s memory for its head before the body', async (_, bytes) => {
  const { url, requests } = await serving((socket) => socket.write(OK));
  const memory = Buffer.alloc(bytes, 'x');
  memory.write('{}', bytes - 2);
  const headers = { host: 'h', 'x-é': 'é' };
  const client = clientOf(url);
  for (let i = 0; i < 2; i++)
    expect(await client.exchange(request({ headers, body: memory.subarray(-2), memory }))).toMatchObject({
      status: 200,
    });
  expect(requests).toEqual(
    Array(2).fill('POST /TraceSegments HTTP/1.1\r\nhost: h\r\nx-é: é\r\nConnection: keep-alive'),
  );
});

test('never writes a header that would begin another one', async () => {
  const { url, requests } = await serving((socket) => socket.write(OK));
  for (const value of ['a\r\nx: b', 'a\n', '\0', '\u0100'])
    expect(await clientOf(url).exchange(request({ headers: { 'x-a': value } }))).toMatchObject({ code: 'network' });
  expect(requests).toEqual([]);
});

test('keeps a connection for the next exchange, and opens as many as are needed at a time', async () => {
  const held: Socket[] = [];
  const { url, sockets } = await serving((socket) => held.push(socket));
  const client = clientOf(url, { maxSockets: 2 });
  const three = Promise.all([1, 2, 3].map(() => client.exchange(request())));
  await eventually(() => held.length === 2);
  held[1]?.write(OK);
  await eventually(() => held.length === 3);
  held[0]?.write(OK);
  held[2]?.write(OK);
  expect((await three).map((answer) => answer.kind)).toEqual(['answer', 'answer', 'answer']);
  expect(sockets).toHaveLength(2);
});

test.each<[what: string, answer: string, then?: (socket: Socket) => void]>([
  ['the server closes it', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
  ['the server keeps it for a second only', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n'],
  ['the answer is of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['bytes follow the answer', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['bytes arrive that nothing asked for', OK, (socket) => setImmediate(() => socket.write(OK))],
])('does not use a connection again if %s', async (_what, answer, then) => {
  const { url, sockets } = await serving((socket) => {
    socket.write(answer);
    then?.(socket);
  });
  const client = clientOf(url);
  await client.exchange(request());
  if (then !== undefined) await eventually(() => sockets[0]?.destroyed === true || sockets[0]?.readableEnded === true);
  await client.exchange(request());
  expect(sockets).toHaveLength(2);
});

test.each<[what: string, answer: string, between: (client: HttpConnections) => void]>([
  ['`renew` closed', OK, (client) => client.renew()],
  [
    'the server was about to close',
    'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\n{}',
    () => {},
  ],
])('a connection that %s leaves its place to the next one', async (_what, answer, between) => {
  const { url, sockets } = await serving((socket) => socket.write(answer));
  const client = clientOf(url, { maxSockets: 1 });
  for (let i = 1; i <= 3; i++) {
    expect(await client.exchange(request())).toMatchObject({ kind: 'answer', status: 200 });
    between(client);
    expect(sockets).toHaveLength(i);
  }
});

test('an early answer counts, and ends the connection', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {}).pause();
    socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n');
  });
  const port = await scope.listen(server);
  const client = clientOf(new URL(`http://127.0.0.1:${port}`));
  // More than the socket buffers hold, so that the request is never written completely.
  const body = Buffer.alloc(32 * 1024 * 1024);
  for (let i = 0; i < 2; i++)
    expect(await client.exchange(request({ body }))).toMatchObject({ kind: 'answer', status: 413 });
  expect(connections).toBe(2);
});

test('an early answer cannot accept what its server has not read', async () => {
  const server = createServer(
    (socket) =>
      void socket
        .on('error', () => {})
        .pause()
        .write(OK),
  );
  const client = clientOf(new URL(`http://127.0.0.1:${await scope.listen(server)}`));
  const body = Buffer.alloc(32 * 1024 * 1024);
  expect(await client.exchange(request({ body }))).toMatchObject({ kind: 'failure', code: 'network' });
});

test('`renew` closes idle connections at once, and busy ones after their answer', async () => {
  const held: Socket[] = [];
  const { url, sockets } = await serving((socket) => held.push(socket));
  const client = clientOf(url);
  const [first, second] = [client.exchange(request()), client.exchange(request())];
  await eventually(() => held.length === 2);
  held[0]?.write(OK);
  await Promise.race([first, second]);
  client.renew();
  await eventually(() => held[0]?.readableEnded === true);
  held[1]?.write(OK);
  await Promise.all([first, second]);
  await eventually(() => held[1]?.readableEnded === true);
  const third = client.exchange(request());
  await eventually(() => held.length === 3);
  held[2]?.write(OK);
  await third;
  expect(sockets).toHaveLength(3);
});

test('an exchange that waits for a connection ends by abort, deadline, or with the client', async () => {
  const { url, sockets } = await serving(() => {});
  const client = clientOf(url, { maxSockets: 1 });
  const busy = client.exchange(request());
  await eventually(() => sockets.length === 1);
  const abort = new AbortController();
  const [aborted, late, left] = [
    client.exchange(request({ signal: abort.signal })),
    client.exchange(request({ timeoutMs: 30 })),
    client.exchange(request()),
  ];
  abort.abort();
  expect(await aborted).toMatchObject({ code: 'aborted' });
  expect(await late).toMatchObject({ code: 'timeout' });
  client.close();
  expect(await busy).toMatchObject({ kind: 'failure' });
  expect(await left).toMatchObject({ code: 'aborted' });
  expect(await client.exchange(request())).toMatchObject({ code: 'aborted' });
});

test('a deadline frees the place of a connection that never opens', async () => {
  // A TLS handshake that nobody answers.
  const { url } = await serving(() => {});
  const client = clientOf(new URL(url.href.replace('http:', 'https:')), { maxSockets: 1 });
  const two = [client.exchange(request({ timeoutMs: 50 })), client.exchange(request({ timeoutMs: 200 }))];
  expect(await Promise.all(two)).toMatchObject([{ code: 'timeout' }, { code: 'timeout' }]);
});

test('repeats an exchange whose kept-alive connection was closed unread, but not one whose answer had begun', async () => {
  for (const begun of ['', 'HTTP/1.1 2']) {
    const { url, sockets } = await serving((socket, _connection, count) => {
      if (count === 1) return void socket.write(OK);
      if (begun !== '') socket.write(begun);
      socket.end();
    });
    const client = clientOf(url);
    await client.exchange(request());
    expect(await client.exchange(request())).toMatchObject(
      begun === '' ? { kind: 'answer' } : { kind: 'failure', code: 'connection_reset' },
    );
    expect(sockets).toHaveLength(begun === '' ? 2 : 1);
  }
});

test('resumes the TLS session on the next connection', async () => {
  const reused: boolean[] = [];
  const server: TlsServer = createTls(await selfSigned('localhost'), (socket) => {
    reused.push(socket.isSessionReused());
    socket.on('error', () => {}).once('data', () => socket.end(OK));
  });
  const port = await scope.listen(server);
  const client = clientOf(new URL(`https://localhost:${port}`));
  for (let i = 0; i < 3; i++) expect(await client.exchange(request())).toMatchObject({ status: 200 });
  expect(reused).toEqual([false, true, true]);
});

test('asks a proxy for a tunnel, with its user and password, and checks the certificate of the server', async () => {
  const tls = await selfSigned('xray.test');
  const server = createTls(tls, (socket) => void socket.on('error', () => {}).on('data', () => socket.write(OK)));
  const port = await scope.listen(server);
  const proxy = await scope.start(new FakeHttpProxy({ 'xray.test:443': port }));
  const address = new URL(proxy.url);
  address.username = 'us%40er';
  address.password = 'pa%3Ass';
  const url = new URL('https://xray.test');
  const client = clientOf(url, { proxy: address });
  for (let i = 0; i < 2; i++) expect(await client.exchange(request())).toMatchObject({ status: 200 });
  expect(proxy.asked).toEqual(['xray.test:443']);
  expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`]);
  expect(await clientOf(url, { proxy: address, noVerifySsl: false }).exchange(request())).toMatchObject({
    code: 'tls',
  });
});

test.each([
  ['HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /^Failed to establish tunnel to xray\.test:443 .* 407 Proxy/],
  ['SSH-2.0-OpenSSH\r\n', /tunnel .* the answer is not HTTP/],
  ['HTTP/1.1 200 OK\r\n\r\nand more', /tunnel .* bytes follow/],
])('names the reason if a proxy opens no tunnel: %j', async (answer, message) => {
  const { url } = await serving(() => {});
  const server = createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.write(answer)));
  const port = await scope.listen(server);
  const proxy = new URL(url);
  proxy.port = String(port);
  proxy.password = 'secret';
  const result = await clientOf(new URL('https://xray.test'), { proxy }).exchange(request());
  expect(result).toMatchObject({ kind: 'failure', code: 'network', message: expect.stringMatching(message) });
  expect(JSON.stringify(result)).not.toContain('secret');
});

test('asks a proxy for a server without TLS by its whole URL', async () => {
  const asked: (string | undefined)[][] = [];
  const server: Server = createHttp((incoming, response) => {
    asked.push([incoming.url, incoming.headers['proxy-authorization'], incoming.headers.host]);
    response.end('{}');
  });
  const port = await scope.listen(server);
  const proxy = new URL(`http://u:p@127.0.0.1:${port}`);
  const client = clientOf(new URL('http://xray.test'), { proxy });
  expect(await client.exchange(request())).toMatchObject({ status: 200 });
  expect(asked).toEqual([['http://xray.test:80/TraceSegments', 'Basic dTpw', 'x']]);
});

test('an idle connection does not keep the process alive', async () => {
  const { url, sockets } = await serving((socket) => setTimeout(() => socket.write(OK), 50));
  const program = `
    import { HttpConnections } from ${JSON.stringify(new URL('../../src/aws/http-connections.ts', import.meta.url).href)};
    const client = new HttpConnections({ url: new URL('${url.href}'), noVerifySsl: true, maxSockets: 1 });
    for (let i = 0; i < 2; i++) {
      const answer = await client.exchange({ method: 'POST', target: '/', headers: { 'content-length': '2' },
        body: Buffer.from('{}'), signal: new AbortController().signal, timeoutMs: 10_000, maxAnswerBytes: 100 });
      console.log(answer.status);
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect(stdout).toBe('200\n200\n');
  expect(sockets).toHaveLength(1);
});
