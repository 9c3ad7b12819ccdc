import { connect } from 'node:net';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson } from '../fakes/traces.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

const shared = Scope.shared();
let xray: FakeXRay;
let daemon: DaemonProcess;
let local: DaemonProcess;

beforeAll(async () => {
  xray = await shared.start(new FakeXRay());
  [daemon, local] = await Promise.all([
    shared.daemon({
      args: ['--endpoint', xray.url, '-n', 'us-east-1', '--telemetry-records=false'],
      env: EXAMPLE_KEYS,
    }),
    shared.daemon({ args: ['local', '-n', 'us-east-1'] }),
  ]);
});
beforeEach(() => (xray.intercept = () => undefined));

const put = (document: string, more = ''): string => {
  const body = JSON.stringify({ TraceSegmentDocuments: [document] });
  return `POST /TraceSegments HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
};
const document = (): string =>
  JSON.stringify(segmentJson('web', { trace_id: `1-${Math.floor(Date.now() / 1000).toString(16)}-${'0'.repeat(24)}` }));

/** All that a server says until it closes the connection. */
async function conversation(url: string, ...writes: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  scope.add(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('close', () => resolve(text));
  for (const write of writes) socket.write(write);
  return promise;
}

const statusesOf = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);

test.each([
  ['garbage', '\0\0garbage\r\n\r\n', '400'],
  ['headers of 20 KB', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431'],
  [
    'a body whose chunks are none',
    'POST /TraceSegments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n',
    '400',
  ],
])('answers a request that precedes %s first, once', async (_name, garbage, status) => {
  for (const each of [daemon, local]) {
    const received = async () => (await each.metrics())['xrayd_segments_received_total']!;
    const before = await received();
    const whole = put(document());
    const text = await conversation(each.tcpUrl, whole + whole + garbage);
    expect(statusesOf(text), text).toEqual(['200', '200', status]);
    expect(text).toMatch(/\{"Message":"[^"]+"\}$/);
    expect((await received()) - before).toBe(2);
  }
});

test('answers a slow sampling call before the garbage that follows it', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  xray.intercept = () => promise.then(() => undefined);
  const text = conversation(
    daemon.tcpUrl,
    'POST /SamplingTargets HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}\0\0garbage',
    'more',
    'and more',
  );
  await expect.poll(() => xray.calls('/SamplingTargets').length).toBe(1);
  resolve();
  expect(statusesOf(await text)).toEqual(['200', '400']);
});

test('answers a health request before the garbage that follows it', async () => {
  const text = await conversation(daemon.httpUrl, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n\0garbage');
  expect(statusesOf(text)).toEqual(['200', '400']);
  expect(text).toMatch(/\{"error":"[^"]+"\}$/);
});

test('answers headers of more than 16 KB with 431 and the reason', async () => {
  for (const { tcpUrl } of [daemon, local]) {
    const { status, body, head } = await rawRequest(tcpUrl, put(segment('one'), `X: ${'x'.repeat(20_000)}\r\n`));
    expect([status, JSON.parse(body)]).toEqual([431, { Message: 'The headers of the request are larger than 16 KB' }]);
    expect(head).toMatch(/^connection: close/im);
  }
});

test('answers a transfer coding other than chunked with 501', async () => {
  for (const { tcpUrl } of [daemon, local]) {
    const request =
      'POST /TraceSegments HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n';
    const { status, body } = await rawRequest(tcpUrl, request);
    expect(status, body).toBe(501);
    expect(body).toContain('Transfer-Encoding');
  }
});

test('answers a compressed body with 415 and the reason; identity is not compression', async () => {
  for (const { tcpUrl } of [daemon, local]) {
    for (const coding of ['gzip', 'deflate', 'identity, gzip']) {
      const { status, body } = await rawRequest(tcpUrl, put(document(), `Content-Encoding: ${coding}\r\n`));
      expect([status, body], coding).toEqual([415, expect.stringContaining('Content-Encoding')]);
    }
    for (const coding of ['identity', 'Identity', ''])
      expect((await rawRequest(tcpUrl, put(document(), `Content-Encoding: ${coding}\r\n`))).status, coding).toBe(200);
  }
});

test.each(['/%zz', '/api/traces/%zz', '/%zz?token=x'])(
  'refuses what no route accepts as X-Ray does: %s',
  async (path) => {
    for (const method of ['GET', 'POST']) {
      const { head, body, status } = await rawRequest(
        local.tcpUrl,
        `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(status).toBeGreaterThanOrEqual(400);
      expect(Object.keys(JSON.parse(body) as object), body).toContain('Message');
      expect(body).not.toContain('FST_');
      expect(head).toMatch(/^x-amzn-errortype: /im);
    }
  },
);

test.each([
  ['a malformed path', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n'],
  [
    'a large body',
    `POST /livez HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n${'x'.repeat(2000)}`,
  ],
  [
    'a body that is not JSON',
    'POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{',
  ],
])('the health server answers %s with what it has', async (_, text) => {
  const { status, body } = await rawRequest(daemon.httpUrl, text);
  expect([status, JSON.parse(body)]).toEqual([404, { error: 'not found: use /livez, /readyz or /metrics' }]);
});
