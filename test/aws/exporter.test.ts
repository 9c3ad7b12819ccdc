import { expect, test } from 'vitest';
import { XRayExporter } from '../../src/aws/exporter.ts';
import { isAwsHost } from '../../src/aws/foreign-answer.ts';
import { Outbound } from '../../src/aws/outbound-proxy.ts';
import { PermissionHints } from '../../src/aws/permissions.ts';
import { XRayApi } from '../../src/aws/xray-api.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import type { Batch } from '../../src/pipeline/segment.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { segment } from '../fakes/fixtures.ts';
import { FakeHttpProxy } from '../fakes/http-proxy.ts';
import { MemoryLog } from '../fakes/log.ts';
import { RawUpstream } from '../fakes/raw-upstream.ts';
import { Scope } from '../fakes/scope.ts';
import { exampleSource, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();
const { signal } = new AbortController();

function exporterFor(url: string, { proxyAddress = '', region = 'us-east-1', timeoutMs = 5_000 } = {}) {
  const log = new MemoryLog();
  const outbound = new Outbound({ proxyAddress, noProxy: '', noVerifySsl: true, maxSockets: 4 });
  scope.add(() => outbound.close());
  const credentials = exampleSource();
  const api = new XRayApi({ url: new URL(url), region, userAgent: 'test', timeoutMs }, { credentials, outbound, log });
  const counters = newCounters();
  const exporter = new XRayExporter({ api, hints: new PermissionHints(log), log, counters });
  return { exporter, log, calls: () => counters.calls.samples() };
}

function batchOf(...documents: string[]): Batch {
  return documents.map((document) => ({
    chunk: Buffer.from(document),
    start: 0,
    end: Buffer.byteLength(document),
    arrivedAtMs: 0,
    format: 'xray' as const,
  }));
}

const raw = (status: string, body: string, ...headers: string[]): string =>
  [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n');
const TAKEN = '{"UnprocessedTraceSegments":[]}';

test.each<[what: string, reply: string, code: string]>([
  ['a portal', raw('200 OK', '<html><title>Sign in</title>', 'Content-Type: text/html', 'Server: portal'), 'not_xray'],
  ['"ok"', raw('200 OK', '"ok"'), 'not_xray'],
  ['201', raw('201 Created', TAKEN), 'not_xray'],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'not_xray'],
  ['206', raw('206 Partial Content', TAKEN, 'Content-Range: bytes 0-30/31'), 'not_xray'],
  ['a redirect to what says yes', raw('307 Temporary Redirect', TAKEN, 'Location: /yes'), 'http_307'],
  ['gzip that was not asked for', raw('200 OK', '\u001f\u008b\b', 'Content-Encoding: gzip'), 'not_xray'],
  ['a 400 with a code in the body', raw('400 Bad Request', '{"code":"InvalidRequestException"}'), 'http_400'],
  ['a 404 with a code in the body', raw('404 Not Found', '{"__type":"InvalidRequestException"}'), 'http_404'],
  ['a body that ends too soon', raw('200 OK', TAKEN, 'Connection: close').slice(0, -5), 'connection_reset'],
  [
    'a chunk that ends too soon',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n1f\r\n{"Unpro',
    'connection_reset',
  ],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', 'not_xray'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'network'],
])('nothing counts as sent if something other than X-Ray answers: %s', async (_what, reply, code) => {
  const upstream = await scope.start(new RawUpstream());
  upstream.reply = reply;
  const { exporter, calls } = exporterFor(upstream.url);
  expect(await exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'retry', code });
  expect(calls()).toEqual([[{ outcome: code }, 1]]);
  expect(exporter.lastSuccessMs).toBe(0);
  expect(exporter.state.state).toBe('degraded');
});

test('ignores early hints before the answer', async () => {
  const upstream = await scope.start(new RawUpstream());
  upstream.reply = `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20)}HTTP/1.1 102 Processing\r\n\r\n${raw('200 OK', TAKEN)}`;
  expect(await exporterFor(upstream.url).exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'sent' });
});

test('logs what answered, in printable characters, and what to check', async () => {
  const upstream = await scope.start(new RawUpstream());
  upstream.reply = raw(
    '200 OK',
    `<html>\u001b[31m\n${'x'.repeat(500)}`,
    'Content-Type: text/html; charset=utf-8',
    'Server: squid/6.1',
    'Via: 1.1 gw',
  );
  const { exporter, log } = exporterFor(upstream.url);
  await exporter.export(batchOf(segment('a')), signal);
  const [line] = log.find(/something other than X-Ray answered/, 'warn');
  expect(line!.message).toMatch(/kept.*--endpoint, --proxy-address, NO_PROXY/);
  expect(line!.fields).toMatchObject({
    endpoint: upstream.url,
    status: 200,
    contentType: 'text/html; charset=utf-8',
    server: 'squid/6.1',
    via: '1.1 gw',
  });
  expect(line!.fields['begins']).toMatch(/^<html>\\u\{1b\}\[31m\\nx+$/);
  expect(String(line!.fields['begins']).length).toBeLessThan(100);
  expect(exporter.state.reason).toBe(`HTTP 200 from ${upstream.url} did not come from X-Ray (not_xray)`);
});

test('an answer that echoes the documents does not put them into the log', async () => {
  const upstream = await scope.start(new RawUpstream());
  upstream.reply = raw('200 OK', JSON.stringify({ TraceSegmentDocuments: [segment('a', { user: 'alice' })] }));
  const { exporter, log } = exporterFor(upstream.url);
  await exporter.export(batchOf(segment('a')), signal);
  expect(JSON.stringify(log.lines)).not.toContain('alice');
  expect(log.find(/something other than X-Ray/)[0]!.fields['begins']).toBe('(what was sent)');
});

test('names a gateway with a small size limit, and the remedy', async () => {
  const upstream = await scope.start(new RawUpstream());
  upstream.reply = raw('413 Request Entity Too Large', '<html>', 'Server: nginx');
  const { exporter, log, calls } = exporterFor(upstream.url);
  expect(await exporter.export(batchOf(segment('a')), signal)).toEqual({
    kind: 'rejected',
    code: 'http_413',
    by: 'gateway',
  });
  expect(calls()).toEqual([[{ outcome: 'http_413' }, 1]]);
  expect(log.find(/client_max_body_size/, 'warn')[0]!.fields).toMatchObject({ server: 'nginx', status: 413 });
});

test("does not mistake X-Ray's own refusals for a gateway's", async () => {
  const xray = await scope.start(new FakeXRay());
  const { exporter, log } = exporterFor(xray.url);
  for (const type of ['InvalidRequestException', 'UnknownOperationException', 'AccessDeniedException']) {
    xray.intercept = () => ({ status: 400, headers: { 'x-amzn-errortype': type }, body: '{}' });
    await exporter.export(batchOf(segment('a')), signal);
  }
  expect(log.find(/something other than X-Ray/)).toEqual([]);
});

test('accepts an answer from AWS only with a request ID; an emulator needs none', async () => {
  const host = 'xray.eu-west-1.amazonaws.com';
  const xray = await scope.start(new FakeXRay({ tls: await selfSigned(host), region: 'eu-west-1' }));
  const proxy = await scope.start(new FakeHttpProxy({ [`${host}:443`]: xray.port }));
  const { exporter } = exporterFor(`https://${host}`, { proxyAddress: proxy.url, region: 'eu-west-1' });
  expect(await exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'sent' });
  xray.intercept = () => ({ status: 200, body: TAKEN });
  expect(await exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'retry', code: 'not_xray' });
  const emulator = await scope.start(new RawUpstream());
  emulator.reply = raw('200 OK', TAKEN);
  expect(await exporterFor(emulator.url).exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'sent' });
});

test("a gateway's answer neither sets the clock nor discards credentials", async () => {
  const xray = await scope.start(new FakeXRay());
  const { exporter, log } = exporterFor(xray.url);
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  xray.intercept = () => ({ status: 403, headers: { date }, body: '{"code":"ExpiredToken"}' });
  await exporter.export(batchOf(segment('a')), signal);
  expect(log.find(/clock is wrong/)).toEqual([]);
  expect(xray.requests).toHaveLength(1);
});

test.each([
  ['xray.us-east-1.amazonaws.com', true],
  ['XRAY.us-east-1.AMAZONAWS.com.', true],
  ['xray-fips.us-gov-west-1.amazonaws.com', true],
  ['xray.cn-north-1.amazonaws.com.cn', true],
  ['xray.eu-central-1.api.aws', true],
  ['xray.us-iso-east-1.c2s.ic.gov', true],
  ['vpce-0a-b.xray.us-east-1.vpce.amazonaws.com', true],
  ['xray.eusc-de-east-1.amazonaws.eu', true],
  ['amazonaws.com.example.org', false],
  ['notamazonaws.com', false],
  ['localhost', false],
  ['localhost.localstack.cloud', false],
  ['127.0.0.1', false],
])('%s is an AWS host: %s', (host, expected) => {
  expect(isAwsHost(new URL(`https://${host}`))).toBe(expected);
});

test.each([
  [
    'a proxy that wants a password',
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    /407/,
    /--proxy-address http:\/\/USER:PASSWORD@HOST:PORT/,
  ],
  [
    'a proxy that forbids the host',
    'HTTP/1.1 403 blocked by policy\r\n\r\n',
    /403 blocked by policy/,
    /a proxy, portal or gateway in between/,
  ],
])(
  'reports why a tunnel is not opened, with the remedy and without the proxy’s password: %s',
  async (_what, reply, reason, remedy) => {
    const upstream = await scope.start(new RawUpstream());
    upstream.reply = reply;
    const proxyAddress = upstream.url.replace('//', '//user:s3cret@');
    const { exporter, log } = exporterFor('https://xray.us-east-1.amazonaws.com', { proxyAddress });
    expect(await exporter.export(batchOf(segment('a')), signal)).toEqual({ kind: 'retry', code: 'network' });
    const [line] = log.find(/^PutTraceSegments got no HTTP response/, 'warn');
    expect(line?.fields['reason']).toMatch(reason);
    expect(line?.message).toMatch(remedy);
    expect(JSON.stringify([log.lines, exporter.state])).not.toContain('s3cret');
  },
);
