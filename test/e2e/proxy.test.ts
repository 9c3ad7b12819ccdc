import { connect } from 'node:net';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { PROXY_CASES, SAMPLING_REQUESTS, segment } from '../fakes/fixtures.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { RawUpstream } from '../fakes/raw-upstream.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

async function start(
  args: readonly string[] = [],
  of: Scope = scope,
): Promise<{ xray: FakeXRay; daemon: DaemonProcess }> {
  const xray = await of.start(new FakeXRay());
  const daemon = await of.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1', ...args], env: EXAMPLE_KEYS });
  return { xray, daemon };
}

/** For tests that need neither an option nor the first poll for rules, whose answer is kept for the next ones. */
const { daemon: common, xray: commonXRay } = await start(['--telemetry-records=false'], Scope.shared());
beforeEach(() => {
  for (const list of [commonXRay.requests, commonXRay.documents, commonXRay.problems]) list.length = 0;
});
const receivedBy = async (daemon: DaemonProcess): Promise<number> =>
  (await daemon.metrics())['xrayd_segments_received_total']!;

const post = (
  daemon: DaemonProcess,
  path: string,
  body = '{}',
  headers: Record<string, string> = {},
): Promise<Response> => fetch(daemon.tcpUrl + path, { method: 'POST', body, headers });

// Each SDK's own bytes.
const SDKS = Map.groupBy(SAMPLING_REQUESTS, ({ client }) => client);
test.each([...SDKS])('%s gets usable answers', async (_client, requests) => {
  const [daemon, xray] = [common, commonXRay];
  for (const { path, request } of requests) {
    const { status, body, head } = await rawRequest(daemon.tcpUrl, request);
    expect([path, status]).toEqual([path, 200]);
    expect(head).toMatch(/^content-type: application\/json/im);
    const answer = JSON.parse(body) as Record<string, unknown>;
    if (path === '/GetSamplingRules')
      expect(answer).toMatchObject({
        SamplingRuleRecords: [{ SamplingRule: { Version: 1, Attributes: {}, ResourceARN: '*' } }],
      });
    else
      expect(answer).toMatchObject({
        LastRuleModification: 0,
        SamplingTargetDocuments: [{ RuleName: 'Default' }],
        UnprocessedStatistics: [],
      });
    expect(xray.problems).toEqual([]);
  }
  const ofRules = '/GetSamplingRules';
  expect(xray.requests.map(({ target }) => target).filter((path) => path !== ofRules)).toEqual(
    requests.map(({ path }) => path).filter((path) => path !== ofRules),
  );
});

test('.NET: accepts an empty body with a charset in its content type', async () => {
  const answer = await post(common, '/GetSamplingRules', '', { 'content-type': 'application/json; charset=utf-8' });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toHaveProperty('SamplingRuleRecords');
});

test('Ruby: replaces a bogus signature for another region', async () => {
  const { daemon, xray } = await start();
  const rubbish = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=x/20260101/us-west-2/xray/aws4_request, SignedHeaders=host, Signature=00',
    'x-amz-date': '20260101T000000Z',
    'x-amz-security-token': 'rubbish',
    'content-type': 'application/json',
  };
  expect((await post(daemon, '/GetSamplingRules', '{}', rubbish)).status).toBe(200);
  expect(xray.problems).toEqual([]);
});

test('forwards statistics with unknown members unchanged', async () => {
  const [daemon, xray] = [common, commonXRay];
  const body = '{"SamplingStatisticsDocuments": [], "SamplingBoostStatisticsDocuments":[{"x":1.0}],"new":"é"}';
  await post(daemon, '/SamplingTargets', body);
  expect(xray.calls('/SamplingTargets')[0]?.body.toString()).toBe(body);
});

test('forwards only selected headers, whatever a client or sidecar sends', async () => {
  const { daemon, xray } = await start();
  const headers = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'http',
    'x-request-id': 'a',
    'x-envoy-attempt-count': '1',
    authorization: 'junk',
    te: 'trailers',
    'x-amzn-trace-id': 'Root=1-1-1',
    expect: '100-continue',
    'proxy-authorization': 'Basic eDp5',
  };
  const lines = Object.entries({ host: '127.0.0.1', 'content-length': '2', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  expect((await rawRequest(daemon.tcpUrl, `POST /GetSamplingRules HTTP/1.1\r\n${lines.join('')}\r\n{}`)).status).toBe(
    200,
  );
  const names = Object.keys(xray.calls('/GetSamplingRules')[0]!.headers).toSorted();
  expect(names).toEqual([
    'authorization',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
    'x-amz-date',
    'xrayd-call-path',
  ]);
});

const REFUSED: [method: string, target: string, status: number][] = [
  ['POST', '/TraceSummaries', 403],
  ['POST', '/CreateSamplingRule', 403],
  ['GET', '/GetSamplingRules', 403],
  ['POST', '/GetSamplingRules?a=b', 403],
  ['POST', '//GetSamplingRules', 404],
  ['POST', '/%47etSamplingRules', 404],
  ['POST', '/GetSamplingRules/', 404],
  ['POST', '/getsamplingrules', 404],
  ['POST', 'http://x/TraceSummaries', 403],
  ['POST', 'ftp://x/GetSamplingRules', 404],
  ['GET', '/', 404],
  ['POST', '/__proto__', 404],
];
test('refuses unlisted paths with an X-Ray error that names --proxy-allow, and forwards nothing', async () => {
  const [daemon, xray] = [common, commonXRay];
  const others = async (): Promise<number> =>
    (await daemon.metrics())['xrayd_proxy_requests_total{path="other",status="403"}'] ?? 0;
  const before = await others();
  for (const [method, target, status] of REFUSED) {
    const answer = await rawRequest(
      daemon.tcpUrl,
      `${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`,
    );
    expect([method, target, answer.status]).toEqual([method, target, status]);
    expect(answer.head).toMatch(/^x-amzn-errortype: (AccessDenied|UnknownOperation)Exception$/im);
    expect(JSON.parse(answer.body)).toMatchObject({ Message: expect.stringContaining('--proxy-allow') as string });
  }
  expect(xray.requests).toEqual([]);
  expect((await others()) - before).toBe(4);
});

test('uses the path of an absolute URL as request target', async () => {
  const [daemon, xray] = [common, commonXRay];
  const request =
    'POST http://localhost:2000/SamplingTargets HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}';
  expect((await rawRequest(daemon.tcpUrl, request)).status).toBe(200);
  expect(xray.requests.map(({ target }) => target)).toEqual(['/SamplingTargets']);
});

test('--proxy-allow adds paths', async () => {
  const { daemon, xray } = await start(['--proxy-allow', '/TraceSummaries,Groups']);
  await post(daemon, '/TraceSummaries');
  await post(daemon, '/Groups');
  expect((await post(daemon, '/Traces')).status).toBe(403);
  expect(xray.requests.map(({ target }) => target)).toEqual(['/TraceSummaries', '/Groups']);
});

// What the reference daemon did with the same bytes and the same upstream, recorded. Differences are those of
// docs/compatibility.md.
const DIFFERENCES: Readonly<Record<string, { status?: number; body?: RegExp; target?: string }>> = {
  'trace segments by tcp': { target: '/TraceSegments?proxied' },
  'query string': { target: '/GetSamplingRules?a=b%20c&d' },
  'odd path': { target: '/a//c%2Fd' },
  'not http': { body: /^\{"Message":"This is not a valid HTTP\/1\.1 request"\}$/ },
  'no host header': { body: /^$/ },
  'upstream not listening': { status: 502, body: /"Message":"xrayd could not reach X-Ray: connection_refused"/ },
};
type ProxyCase = (typeof PROXY_CASES)[number];

/** Whether a later poll would be answered with the rules of this one, or nobody listens: these do not share a daemon. */
const needsItsOwn = ({ upstream, upstreamReply }: ProxyCase): boolean =>
  upstreamReply === undefined ||
  (upstream[0]?.target === '/GetSamplingRules' && upstreamReply.startsWith('HTTP/1.1 200'));

async function startOpen(endpoint: string, of: Scope): Promise<DaemonProcess> {
  return of.daemon({
    args: ['--endpoint', endpoint, '-n', 'us-east-1', '--proxy-allow', 'all'],
    env: EXAMPLE_KEYS,
  });
}

describe('with --proxy-allow all', () => {
  const shared = Scope.shared();
  let server: RawUpstream;
  let daemon: DaemonProcess;
  beforeAll(async () => {
    server = await shared.start(new RawUpstream());
    daemon = await startOpen(server.url, shared);
  });

  test.each(PROXY_CASES.filter((one) => !needsItsOwn(one)))(
    'forwards "$name" like the reference daemon',
    async (one) => {
      server.requests.length = 0;
      await expectSame(one, daemon, server);
    },
  );

  test.each(PROXY_CASES.filter(needsItsOwn))(
    'forwards "$name" like the reference daemon, to a daemon without rules',
    async (one) => {
      const own = await scope.start(new RawUpstream());
      const endpoint = one.upstreamReply === undefined ? 'http://127.0.0.1:9' : own.url;
      await expectSame(one, await startOpen(endpoint, scope), own);
    },
  );
});

async function expectSame(
  { name, request, upstream, upstreamReply, response }: ProxyCase,
  daemon: DaemonProcess,
  server: RawUpstream,
): Promise<void> {
  if (upstreamReply !== undefined) server.reply = inXRaysForm(upstreamReply);
  const answer = await rawRequest(daemon.tcpUrl, request);
  const difference = DIFFERENCES[name] ?? {};
  const theirs = {
    status: Number(/^HTTP\/1\.\d (\d+)/m.exec(response.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''))?.[1]),
    body: lastBody(response).replace(/^\{\}$/, OUTPUT),
  };
  expect(answer.status).toBe(difference.status ?? theirs.status);
  if (difference.body === undefined) expect(answer.body).toBe(theirs.body);
  else expect(answer.body).toMatch(difference.body);
  const first = upstream[0];
  if (first === undefined) {
    expect(server.requests).toEqual([]);
    return;
  }
  const ours = server.requests[0];
  expect({ method: ours?.method, target: ours?.target }).toEqual({
    method: first.method,
    target: difference.target ?? first.target,
  });
  // Polls for the rules share one call, with a body of its own.
  expect(ours?.body).toEqual(first.target === '/GetSamplingRules' ? Buffer.from('{}') : first.body);
}

/** The recorded upstream answers `{}`, which is no output of these operations. */
const OUTPUT = '{"SamplingRuleRecords":[],"SamplingTargetDocuments":[]}';

function inXRaysForm(reply: string): string {
  return reply
    .replace('Content-Length: 2\r\n\r\n{}', `Content-Length: ${OUTPUT.length}\r\n\r\n${OUTPUT}`)
    .replace('\r\n\r\n2\r\n{}\r\n', `\r\n\r\n${OUTPUT.length.toString(16)}\r\n${OUTPUT}\r\n`);
}

function lastBody(response: string): string {
  const [first = ''] = response.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '').split(/(?<=.)HTTP\/1\.1 /);
  const body = first.slice(first.indexOf('\r\n\r\n') + 4);
  // A chunked body, taken apart.
  return /^transfer-encoding: chunked/im.test(first) ? body.replace(/^2\r\n(.*)\r\n0\r\n\r\n$/s, '$1') : body;
}

test('refuses bodies over the limit with 413, and keeps running', async () => {
  const [daemon, xray] = [common, commonXRay];
  const answer = await rawRequest(
    daemon.tcpUrl,
    'POST /SamplingTargets HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n{',
  );
  expect(answer.status).toBe(413);
  const chunk = `${(65_536).toString(16)}\r\n${'a'.repeat(65_536)}\r\n`;
  const chunked = await rawRequest(
    daemon.tcpUrl,
    `POST /SamplingTargets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
  );
  expect(chunked.status).toBe(413);
  expect(xray.requests).toEqual([]);
  expect((await post(daemon, '/GetSamplingRules')).status).toBe(200);
});

test('POST /TraceSegments over TCP buffers documents of any size like datagrams', async () => {
  const [daemon, xray] = [common, commonXRay];
  const before = await receivedBy(daemon);
  const documents = [segment('small'), segment('large', { metadata: { text: 'é'.repeat(100_000) } })];
  const answer = await post(daemon, '/TraceSegments', JSON.stringify({ TraceSegmentDocuments: documents }));
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ UnprocessedTraceSegments: [] });
  await eventually(() => xray.documents.length === 2);
  expect(xray.documents).toEqual(documents);
  expect((await receivedBy(daemon)) - before).toBe(2);
});

test.each([
  ['nothing', '', 'SerializationException'],
  ['half a body', '{"TraceSegmentDocuments":', 'SerializationException'],
  ['null', 'null', 'InvalidRequestException'],
  ['no list', '{}', 'InvalidRequestException'],
  ['an empty list', '{"TraceSegmentDocuments":[]}', 'InvalidRequestException'],
  ['a number in the list', '{"TraceSegmentDocuments":["{}",1]}', 'SerializationException'],
  ['51 documents', `{"TraceSegmentDocuments":[${'"{}",'.repeat(50)}"{}"]}`, 'InvalidRequestException'],
  [
    '1.6 million empty documents',
    `{"TraceSegmentDocuments":[${'"",'.repeat(1_600_000)}""]}`,
    'InvalidRequestException',
  ],
  ['200,000 lists in each other', '['.repeat(200_000), 'SerializationException'],
  ['200,000 objects in each other', `{"a":${'{"a":'.repeat(200_000)}`, 'SerializationException'],
])(
  'POST /TraceSegments with %s is answered with 400, and counts nothing as received',
  async (_title, body, errorType) => {
    const before = await receivedBy(common);
    const answer = await post(common, '/TraceSegments', body);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, errorType]);
    expect(await receivedBy(common)).toBe(before);
  },
);

test('POST /TraceSegments lists empty documents as X-Ray does, and accepts the others', async () => {
  const [daemon, xray] = [common, commonXRay];
  const before = await receivedBy(daemon);
  const document = segment('one');
  const answer = await post(daemon, '/TraceSegments', JSON.stringify({ TraceSegmentDocuments: ['', document, ''] }));
  const empty = { ErrorCode: 'ParseError', Message: 'Invalid segment. ErrorCode: ParseError' };
  expect([answer.status, await answer.json()]).toEqual([200, { UnprocessedTraceSegments: [empty, empty] }]);
  await eventually(() => xray.documents.length === 1);
  expect(xray.documents).toEqual([document]);
  expect((await receivedBy(daemon)) - before).toBe(1);
});

test('answers POST /TraceSegments with 429 if the buffer is full, and counts nothing as received', async () => {
  const { daemon, xray } = await start(['-m', '3']);
  xray.intercept = () => 'hang';
  const documents = Array.from({ length: 8 }, (_, i) => segment(`s${i}`, { metadata: { text: 'x'.repeat(100_000) } }));
  const body = JSON.stringify({ TraceSegmentDocuments: documents });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await post(daemon, '/TraceSegments', body)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const metrics = await daemon.metrics();
  expect(metrics['xrayd_segments_received_total']).toBe(24);
  expect(metrics['xrayd_segments_dropped_total{reason="buffer_full"}']).toBe(0);
});

test('with a spool, documents of POST /TraceSegments that were answered survive SIGKILL', async () => {
  const spool = scope.folder();
  const { daemon, xray } = await start(['--spool', spool]);
  xray.intercept = () => ({ status: 503 });
  const documents = Array.from({ length: 20 }, (_, i) => segment(`s${i}`));
  const answers = await Promise.all(
    documents.map((document) =>
      post(daemon, '/TraceSegments', JSON.stringify({ TraceSegmentDocuments: ['', document] })),
    ),
  );
  await daemon.stop('SIGKILL');
  expect(answers.map(({ status }) => status)).toEqual(documents.map(() => 200));
  const next = await start(['--spool', spool]);
  await eventually(() => next.xray.documents.length === documents.length);
  expect(next.xray.documents.toSorted()).toEqual(documents.toSorted());
});

test('answers POST /TraceSegments with 503 if the spool is full, and counts nothing as received', async () => {
  const { daemon, xray } = await start(['--spool', scope.folder(), '--spool-size', '2']);
  xray.intercept = () => 'hang';
  const documents = Array.from({ length: 4 }, (_, i) => segment(`s${i}`, { metadata: { text: 'x'.repeat(200_000) } }));
  const body = JSON.stringify({ TraceSegmentDocuments: documents });
  const answers: Response[] = [];
  for (let i = 0; i < 4; i++) answers.push(await post(daemon, '/TraceSegments', body));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 503]);
  expect(await answers[2]!.json()).toEqual({
    Message: "xrayd's spool is full, or its disk fails; see the log of xrayd",
  });
  expect(answers[2]!.headers.get('x-amzn-errortype')).toBe('ServiceUnavailableException');
  expect((await daemon.metrics())['xrayd_segments_received_total']).toBe(8);
});

test('answers 502 if X-Ray is unavailable and 504 if it is silent, both in JSON and logged once', async () => {
  const { daemon, xray } = await start(['--request-timeout', '1']);
  xray.intercept = () => 'hang';
  expect((await post(daemon, '/GetSamplingRules')).status).toBe(504);
  xray.intercept = () => 'reset';
  const answer = await post(daemon, '/GetSamplingRules');
  expect(answer.status).toBe(502);
  expect(await answer.json()).toHaveProperty('Message');
  // The log is written by a thread of its own.
  await eventually(() => daemon.log.filter(({ msg }) => msg.includes('SDKs keep using')).length === 2);
});

test('a connection that is closed at once is neither logged nor counted', async () => {
  const before = common.log.length;
  const port = Number(new URL(common.tcpUrl).port);
  for (const isReset of [false, true]) {
    await new Promise<void>((done) => {
      const socket = connect(port, '127.0.0.1', () => (isReset ? socket.resetAndDestroy() : socket.end()));
      socket.on('close', () => done());
    });
  }
  await post(common, '/GetSamplingRules');
  expect(common.log.slice(before).filter(({ level }) => level !== 'debug' && level !== 'info')).toEqual([]);
  expect(common.stderr).toBe('');
});

test('answers many requests on one connection, even 10 s apart as the SDKs poll', async () => {
  const socket = connect(Number(new URL(common.tcpUrl).port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ask = async (count: number): Promise<void> => {
    socket.write('POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    await eventually(() => text.split('HTTP/1.1 200').length === count + 1);
  };
  await ask(1);
  // Longer than Node's own keep-alive of 5 s, which would close the connection between two polls.
  await new Promise((next) => setTimeout(next, 7_000));
  await ask(2);
  socket.destroy();
});

test('disconnects a client that does not finish its headers, and connections over the limit', async () => {
  const { daemon } = await start();
  const port = Number(new URL(daemon.tcpUrl).port);
  const sockets = Array.from({ length: 520 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  for (const socket of sockets) scope.add(() => socket.destroy());
  const closed = new Set<unknown>();
  for (const socket of sockets) socket.on('data', () => {}).on('close', () => closed.add(socket));
  await eventually(() => closed.size >= 8);
  const before = closed.size;
  const slow = sockets.find((socket) => !closed.has(socket))!;
  slow.write('POST /GetSamplingRules HTTP/1.1\r\nX: ');
  await eventually(() => closed.has(slow), 20_000);
  expect(before).toBeLessThan(100);
  for (const socket of sockets) socket.destroy();
  await eventually(async () => (await post(daemon, '/GetSamplingRules').catch(() => undefined))?.status === 200);
});
