import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { freePort } from '../../src/compose/free-port.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { Scope } from '../fakes/scope.ts';
import { json } from '../fakes/server.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

async function start(args: readonly string[] = [], more: Readonly<Record<string, string>> = {}, of: Scope = scope) {
  const xray = await of.start(new FakeXRay());
  const daemon = await of.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1', ...args],
    env: { ...EXAMPLE_KEYS, ...more },
  });
  return { xray, daemon };
}

const rssMb = ({ pid }: DaemonProcess): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_000;

/** The daemon does its work: a client on TCP is answered, a segment arrives. */
async function expectAtWork(daemon: DaemonProcess, xray: FakeXRay): Promise<void> {
  await eventually(
    async () =>
      (await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' }).catch(() => undefined))
        ?.status === 200,
    25_000,
  );
  const before = xray.documents.length;
  await daemon.send(HEADER + segment('at-work'));
  await eventually(() => xray.documents.length > before);
}

function sockets(port: number, count: number): Socket[] {
  const list = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}));
  scope.add(() => list.forEach((socket) => socket.destroy()));
  return list;
}

test('binds nothing beyond loopback unless requested', async () => {
  const printed = scope.spawn({ args: ['--print-config'], hasFreePorts: false });
  await printed.end();
  for (const flag of ['bind', 'bind-tcp', 'http-address'])
    expect(printed.stdout).toMatch(new RegExp(`^${flag} +127\\.0\\.0\\.1:200[01] `, 'm'));
});

const LIST = 'POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\n';
const HIDDEN = 'POST /TraceSummaries HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';

const SMUGGLED = [
  ['both lengths', `${LIST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['both lengths, the other way', `${LIST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['two lengths', `${LIST}Content-Length: 2\r\nContent-Length: ${HIDDEN.length + 2}\r\n\r\n{}${HIDDEN}`],
  ['a list of lengths', `${LIST}Content-Length: 2, 2\r\n\r\n{}${HIDDEN}`],
  ['a signed length', `${LIST}Content-Length: +2\r\n\r\n{}${HIDDEN}`],
  ['a length in hexadecimal', `${LIST}Content-Length: 0x2\r\n\r\n{}${HIDDEN}`],
  ['an unknown coding', `${LIST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunked twice', `${LIST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunked and more', `${LIST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['a bad chunk size', `${LIST}Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0x0\r\n\r\n${HIDDEN}`],
  ['a space before the colon', `${LIST}Content-Length : 2\r\n\r\n{}${HIDDEN}`],
  ['a folded header', `${LIST}X: a\r\n Content-Length: 99\r\nContent-Length: 2\r\n\r\n{}`],
  ['a NUL in a header', `${LIST}X: a\0b\r\nContent-Length: 2\r\n\r\n{}${HIDDEN}`],
  ['bare line feeds', `${LIST.replaceAll('\r\n', '\n')}Content-Length: 2\n\n{}${HIDDEN}`],
  [
    'an absolute target',
    'POST http://evil.example/GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
  ],
  [
    'another host in the path',
    'POST //evil.example/GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
  ],
  ['dots', 'POST /GetSamplingRules/../TraceSummaries HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'],
  ['encoded dots', 'POST /%2e%2e/TraceSummaries HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'],
  ['a query', 'POST /GetSamplingRules?x=/TraceSummaries HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'],
  ['CONNECT', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'],
  [
    'an upgrade',
    `${LIST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 2\r\n\r\n{}`,
  ],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['garbage after a request', `${LIST}Content-Length: 2\r\n\r\n{}\0\0\0garbage\r\n\r\n${HIDDEN}`],
  [
    'connection headers that name others',
    `${LIST}Connection: Authorization, X-Amz-Date, Host\r\nContent-Length: 2\r\n\r\n{}`,
  ],
  ['a __proto__ header', `${LIST}__proto__: x\r\nconstructor: y\r\nContent-Length: 2\r\n\r\n{}`],
];

describe('request smuggling', () => {
  const shared = Scope.shared();
  let xray: FakeXRay;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    ({ xray, daemon } = await start(['--telemetry-records=false'], {}, shared));
  });

  test.each(SMUGGLED)('%s forwards nothing but a listed call', async (_name, bytes) => {
    // The first answer with the rules is kept and answers the next polls; targets are forwarded each time.
    for (const each of [bytes, bytes.replaceAll('/GetSamplingRules', '/SamplingTargets')]) {
      xray.requests.length = 0;
      await rawRequest(daemon.tcpUrl, each);
      await fetch(`${daemon.tcpUrl}/SamplingTargets`, { method: 'POST', body: '{"last":true}' });
      for (const { method, target, body, headers } of xray.requests) {
        expect([method, target]).toEqual(['POST', expect.stringMatching(/^\/(GetSamplingRules|SamplingTargets)$/)]);
        expect(headers['content-length']).toBe(String(body.length));
        expect(body.toString()).not.toContain('TraceSummaries');
      }
      expect(xray.problems).toEqual([]);
      expect(xray.requests.at(-1)?.body.toString()).toBe('{"last":true}');
    }
  });
});

test('treats a request with an Origin as a web page’s, and does not use the credentials for it', async () => {
  const { daemon, xray } = await start();
  const answer = await fetch(`${daemon.tcpUrl}/GetSamplingRules`, {
    method: 'POST',
    body: '{}',
    headers: { origin: 'https://evil.example' },
  });
  expect(answer.status).toBe(403);
  const put = await fetch(`${daemon.tcpUrl}/TraceSegments`, {
    method: 'POST',
    body: '{"TraceSegmentDocuments":["{}"]}',
    headers: { origin: 'null' },
  });
  expect(put.status).toBe(403);
  expect(xray.requests).toEqual([]);
});

test('clients that do not read their answers hold little memory, and delay nobody', async () => {
  const { daemon, xray } = await start();
  xray.rules = Array.from({ length: 500 }, (_, i) => ({
    ...xray.rules[0],
    RuleName: `rule-${i}`,
    Attributes: { text: 'x'.repeat(500) },
  }));
  await expectAtWork(daemon, xray);
  const before = rssMb(daemon);
  const requests = `${LIST}Content-Length: 2\r\n\r\n{}`.repeat(200);
  for (const url of [daemon.tcpUrl, daemon.httpUrl]) {
    const bytes = url === daemon.tcpUrl ? requests : 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200);
    for (const socket of sockets(Number(new URL(url).port), 50)) socket.pause().write(bytes);
  }
  await expectAtWork(daemon, xray);
  // 50 readers of 200 answers of 450 KB each would be 4,500 MB.
  expect(rssMb(daemon) - before).toBeLessThan(150);
});

test('answers clients and receives segments despite 10,000 idle connections', async () => {
  const { daemon, xray } = await start();
  await expectAtWork(daemon, xray);
  const before = rssMb(daemon);
  const list = sockets(Number(new URL(daemon.tcpUrl).port), 10_000);
  await eventually(() => list.filter((socket) => !socket.connecting).length > 9_000, 30_000);
  await expectAtWork(daemon, xray);
  expect(rssMb(daemon) - before).toBeLessThan(60);
  expect((await daemon.metrics())['xrayd_kernel_drops_total']).toBe(0);
});

test('many concurrent large bodies share one limit', async () => {
  const { daemon, xray } = await start();
  await expectAtWork(daemon, xray);
  const before = rssMb(daemon);
  const closed = new Set<Socket>();
  let answers = '';
  for (const socket of sockets(Number(new URL(daemon.tcpUrl).port), 60)) {
    socket.on('data', (chunk: Buffer) => (answers += chunk.toString())).on('close', () => closed.add(socket));
    // All but the last byte, so that each would be held.
    socket.write(`POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n${'x'.repeat(4_999_999)}`);
  }
  // Three fit into the limit; the others are told, if they still listen, and closed.
  await eventually(() => closed.size >= 57, 20_000);
  expect(answers).toMatch(/HTTP\/1\.1 429[^]*reading too many request bodies/);
  expect(rssMb(daemon) - before).toBeLessThan(100);
  await expectAtWork(daemon, xray);
});

const INJECTION = 'x\n{"level":"error","msg":"forged"}\r\n\u001b[31mred\u0007\u2028\0';

test.each(['json', 'pretty'])('external input forges no log line and moves no cursor (%s)', async (format) => {
  const xray = await scope.start(new FakeXRay());
  const refusals = [
    json({ Message: INJECTION }, 403, { 'x-amzn-errortype': 'AccessDeniedException' }),
    json({ __type: INJECTION, Message: INJECTION }, 400),
    json({ UnprocessedTraceSegments: [{ Id: INJECTION, ErrorCode: INJECTION, Message: INJECTION }] }),
  ];
  let call = 0;
  xray.intercept = ({ target }) =>
    target === '/TraceSegments' ? refusals[call++ % refusals.length] : json({ Message: INJECTION }, 403);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    '--endpoint',
    xray.url,
    '-n',
    'us-east-1',
    '-l',
    'dev',
    '--log-format',
    format,
    '-b',
    address,
    '-t',
    address,
  ];
  const daemon = scope.spawn({ args: [...args, '--http-address', 'off'], env: EXAMPLE_KEYS, hasFreePorts: false });
  await eventually(() => {
    if (!daemon.isRunning) throw new Error(`the daemon ended: ${daemon.stdout}${daemon.stderr}`);
    return daemon.stdout.includes('is ready');
  }, 30_000);
  const [, port] = address.split(':');
  const socket = createSocket('udp4');
  for (const bytes of [INJECTION, HEADER + INJECTION, `${INJECTION}${HEADER}`, HEADER + segment(INJECTION)]) {
    await new Promise((done) => socket.send(bytes, Number(port), '127.0.0.1', done));
  }
  socket.close();
  await fetch(`http://${address}/${encodeURIComponent(INJECTION)}`, { method: 'POST', body: INJECTION });
  await rawRequest(
    `http://${address}`,
    'POST /GetSamplingRules?\u001b[31m HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}',
  );
  await fetch(`http://${address}/GetSamplingRules`, { method: 'POST', body: '{}' });
  await eventually(() => call >= 3, 30_000);
  await daemon.stop();
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  expect(daemon.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028]/);
  const lines = daemon.stdout.trimEnd().split('\n');
  if (format === 'json') expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).not.toContain('forged');
  else expect(lines.filter((line) => line.startsWith('{') || line.startsWith('red'))).toEqual([]);
});

test('never shows a secret: log, metrics, health, configuration', async () => {
  const secrets = ['SeCrEtKeY1', 'ToKeN2', 'PaSsWoRd3'];
  const more = { AWS_SECRET_ACCESS_KEY: 'SeCrEtKeY1', AWS_SESSION_TOKEN: 'ToKeN2' };
  const args = ['-l', 'dev', '-p', 'http://user:PaSsWoRd3@127.0.0.1:9', '-r', 'arn:aws:iam::123456789012:role/r'];
  const { daemon } = await start(args, more);
  await daemon.send(HEADER + segment('a'));
  await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
  await eventually(() => daemon.find(/failed|no credentials|kept and retried/) !== undefined);
  let shown = '';
  for (const path of ['metrics', 'readyz', 'livez']) shown += await (await fetch(`${daemon.httpUrl}/${path}`)).text();
  await daemon.stop();
  const printed = scope.spawn({ args: ['--print-config', ...args], env: more, hasFreePorts: false });
  await printed.end();
  for (const secret of secrets)
    expect(daemon.stdout + daemon.stderr + shown + printed.stdout + printed.stderr).not.toContain(secret);
});

test('__proto__ keys are keys like any other', async () => {
  const { daemon, xray } = await start();
  xray.intercept = ({ target }) =>
    target === '/TraceSegments'
      ? {
          status: 200,
          body: '{"__proto__":{"x":1},"UnprocessedTraceSegments":[{"Id":null,"ErrorCode":"__proto__","__proto__":{"y":1}}]}',
        }
      : undefined;
  await daemon.send(
    '{"__proto__":{"format":"json","version":1}}\n{}',
    '{"format":"json","version":1,"__proto__":null}\n{"__proto__":{"polluted":1}}',
  );
  await eventually(async () => (await daemon.metrics())['xrayd_segments_unprocessed_total{code="__proto__"}'] === 1);
  expect((await daemon.metrics())['xrayd_segments_rejected_total{reason="bad_header"}']).toBe(1);
  const put = await fetch(`${daemon.tcpUrl}/TraceSegments`, {
    method: 'POST',
    body: '{"__proto__":{"TraceSegmentDocuments":["{}"]}}',
  });
  expect(put.status).toBe(400);
  const file = join(scope.folder(), 'cfg.yaml');
  writeFileSync(file, '__proto__:\n  Region: x\nconstructor: 1\nVersion: 2\n');
  const refused = scope.spawn({ args: ['-c', file] });
  expect((await refused.end()).code).toBe(1);
  expect(refused.stderr).toMatch(/unknown key "__proto__.Region"/);
});

test('never answers UDP, so it cannot be used to flood others', async () => {
  const { daemon } = await start();
  const socket = createSocket('udp4');
  scope.add(() => socket.close());
  let answers = 0;
  socket.on('message', () => answers++);
  for (const bytes of [Buffer.alloc(0), 'x', HEADER, HEADER + segment('a'), 'GET / HTTP/1.1\r\n\r\n']) {
    await new Promise((done) => socket.send(bytes, daemon.udpPort, '127.0.0.1', done));
  }
  await eventually(async () => (await daemon.metrics())['xrayd_segments_received_total'] === 5);
  expect(answers).toBe(0);
});
