import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { Outbound } from '../../src/aws/outbound-proxy.ts';
import { PermissionHints } from '../../src/aws/permissions.ts';
import { XRayApi } from '../../src/aws/xray-api.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import { CallPath } from '../../src/pipeline/call-path.ts';
import { RequestGuard } from '../../src/http/request-guard.ts';
import { SamplingProxy } from '../../src/proxy/sampling-proxy.ts';
import { eventually } from '../fakes/eventually.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';
import { json, type Behaviour } from '../fakes/server.ts';
import { exampleSource, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

async function start(allow = '') {
  const xray = await scope.start(new FakeXRay());
  const log = new MemoryLog();
  const outbound = new Outbound({ proxyAddress: '', noProxy: '', noVerifySsl: false, maxSockets: 8 });
  scope.add(() => outbound.close());
  const credentials = exampleSource();
  const config = { url: new URL(xray.url), region: 'us-east-1', userAgent: 'test', timeoutMs: 60_000 };
  const api = new XRayApi(config, { credentials, outbound, log });
  const counters = newCounters();
  const proxy = new SamplingProxy(
    { host: '127.0.0.1', port: 0, allow, maxBodiesBytes: 16e6, maxConnections: 512 },
    {
      api,
      guard: new RequestGuard({ allowed: [], forClients: [], callPath: new CallPath() }, log),
      log,
      sink: { offer: () => 'stopping', keep: async () => 'stopping', push: () => {} },
      hints: new PermissionHints(log),
      onGarbage: () => {},
      counters,
    },
  );
  await proxy.start();
  scope.add(() => proxy.stop(AbortSignal.abort()));
  const url = `http://127.0.0.1:${proxy.address!.port}`;
  const post = async (path: string, body: string | Buffer = '{}', headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers,
      redirect: 'manual',
    });
    return { status: answer.status, headers: answer.headers, body: await answer.text() };
  };
  return { xray, log, counters, url, post };
}

const unsupported = json({ Message: 'Unsupported Media Type' }, 415, {
  'x-amzn-errortype': 'UnsupportedMediaTypeException',
});
const isOdd = ({ headers }: { headers: Readonly<Record<string, string>> }): boolean =>
  headers['content-type'] !== 'application/json' || headers['content-encoding'] !== undefined;

test("a client's own headers, which X-Ray would refuse, do not affect clients that share its call", async () => {
  const { xray, post } = await start();
  xray.latencyMs = 100;
  xray.intercept = (request) => (isOdd(request) ? unsupported : undefined);
  const odd: Record<string, string>[] = [
    { 'content-type': 'text/plain' },
    { 'content-type': '' },
    { 'content-type': 'application/json', 'content-encoding': 'br' },
    { 'content-type': 'multipart/form-data' },
  ];
  const answers = await Promise.all([...odd, {}, {}, {}].map((headers) => post('/GetSamplingRules', '{}', headers)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(xray.calls('/GetSamplingRules')).toHaveLength(1);
  expect(xray.calls('/GetSamplingRules')[0]!.body.toString()).toBe('{}');
});

test('forwards an unknown body in its own call with its own headers, and returns its refusal to that client only', async () => {
  const { xray, post } = await start();
  xray.latencyMs = 100;
  xray.intercept = (request) => (isOdd(request) ? unsupported : undefined);
  const [packed, plain] = await Promise.all([
    post('/GetSamplingRules', gzipSync('{}'), { 'content-type': 'application/json', 'content-encoding': 'gzip' }),
    post('/GetSamplingRules'),
  ]);
  expect([packed.status, plain.status]).toEqual([415, 200]);
  expect(xray.calls('/GetSamplingRules')).toHaveLength(2);
});

test('a client that disconnects does not end the call that others wait for', async () => {
  const { xray, url, post } = await start();
  let release = (): void => {};
  const held = new Promise<void>((next) => (release = next));
  xray.intercept = async () => {
    await held;
    return undefined;
  };
  const first = connect(Number(new URL(url).port), '127.0.0.1');
  first.write('POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
  await eventually(() => xray.requests.length === 1);
  const second = post('/GetSamplingRules');
  first.destroy();
  release();
  expect((await second).status).toBe(200);
  expect(xray.requests).toHaveLength(1);
});

const targets = (connection = 'keep-alive'): string =>
  `POST /SamplingTargets HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Length: 2\r\n\r\n{}`;

test('ends the calls of clients that disconnected, and logs nothing', async () => {
  const { xray, log, url, post } = await start();
  const held = Promise.withResolvers<void>();
  scope.add(() => held.resolve());
  xray.intercept = async () => held.promise.then(() => undefined);
  const clients = Array.from({ length: 100 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
  for (const client of clients) client.write(targets());
  // As many as go on at one time, over as many connections as there may be.
  await eventually(() => xray.requests.length === 8);
  for (const client of clients) client.destroy();
  xray.intercept = () => undefined;
  // The connections to X-Ray are free again, though none of the calls was answered.
  expect((await post('/SamplingTargets')).status).toBe(200);
  expect(log.find(/a sampling call to X-Ray failed/, 'warn')).toEqual([]);
});

test('tells the next client to retry when too many calls wait for X-Ray, and answers all others', async () => {
  const { xray, url, post } = await start();
  const held = Promise.withResolvers<void>();
  xray.intercept = async () => held.promise.then(() => undefined);
  const { port } = new URL(url);
  const clients = Array.from({ length: 100 }, () => {
    const client = connect(Number(port), '127.0.0.1');
    scope.add(() => void client.destroy());
    const answers = { text: '' };
    client.on('data', (chunk) => (answers.text += String(chunk)));
    client.write(targets().repeat(8));
    return answers;
  });
  await eventually(() => clients.some(({ text }) => text.includes('429 Too Many Requests')));
  const refused = await post('/SamplingTargets');
  expect(refused).toMatchObject({ status: 429, body: expect.stringContaining('Too many calls are waiting') as string });
  expect(refused.headers.get('retry-after')).toBe('1');
  held.resolve();
  const count = (what: string): number => clients.reduce((sum, { text }) => sum + text.split(what).length - 1, 0);
  await eventually(() => count('HTTP/1.1 ') === 800);
  // On a busy machine some of those that wait have waited 5 s by now, and their places go to others.
  expect(count('HTTP/1.1 200') + count('HTTP/1.1 429')).toBe(800);
  expect(count('HTTP/1.1 200')).toBeGreaterThanOrEqual(16);
  expect(count('HTTP/1.1 200')).toBeLessThanOrEqual(16 + 512);
});

const FOREIGN: [what: string, behaviour: Behaviour][] = [
  ['HTML', { status: 200, headers: { 'content-type': 'text/html', server: 'portal' }, body: '<html>' }],
  ['nothing', { status: 200 }],
  ['"ok"', json('ok')],
  ['null', json(null)],
  ['an empty object', json({})],
  ['a list', json([])],
  ['other lists', json({ SamplingRuleRecords: 'none', SamplingTargetDocuments: {}, SamplingStatisticSummaries: 1 })],
  [
    'null in a list',
    json({ SamplingRuleRecords: [null], SamplingTargetDocuments: [null], SamplingStatisticSummaries: [7] }),
  ],
  ['an unknown operation', json({ Output: { __type: 'UnknownOperationException' }, Version: '1.0' })],
  ['204', { status: 204 }],
  [
    "X-Ray's error type",
    json({ SamplingRuleRecords: [], SamplingTargetDocuments: [] }, 200, { 'x-amzn-errortype': 'InternalFailure' }),
  ],
];

test.each(FOREIGN)(
  'answers SDKs with 502 for a 200 that is not from X-Ray, and logs it: %s',
  async (_what, behaviour) => {
    const { xray, log, post, counters } = await start('all');
    xray.intercept = () => behaviour;
    for (const path of ['/GetSamplingRules', '/SamplingTargets', '/SamplingStatisticSummaries']) {
      const { status, headers, body } = await post(path);
      expect([path, status, headers.get('x-amzn-errortype')]).toEqual([path, 502, 'ServiceUnavailableException']);
      expect(JSON.parse(body)).toMatchObject({
        Message: expect.stringContaining('does not come from X-Ray') as string,
      });
    }
    expect(log.find(/something other than X-Ray answered a sampling call/, 'warn')[0]!.fields).toMatchObject({
      endpoint: xray.url,
    });
    // And nothing of it was kept.
    xray.intercept = () => undefined;
    expect((await post('/GetSamplingRules')).status).toBe(200);
    expect(counters.rulesServed.samples()).toEqual([[{ source: 'upstream' }, 2]]);
  },
);

test('does not cache an empty list of rules, or a rule without a name', async () => {
  const { xray, post } = await start();
  for (const record of [
    {},
    { SamplingRule: null },
    { SamplingRule: [] },
    { SamplingRule: {} },
    { SamplingRule: { RuleName: 1 } },
  ]) {
    xray.intercept = () => json({ NextToken: null, SamplingRuleRecords: [record] });
    expect((await post('/GetSamplingRules')).status).toBe(502);
  }
  xray.intercept = () => json({ NextToken: null, SamplingRuleRecords: null });
  expect((await post('/GetSamplingRules')).status).toBe(200);
});

test("with --proxy-allow all, forwards paths that are not X-Ray's unchanged", async () => {
  const { xray, post } = await start('all');
  xray.intercept = () => ({ status: 200, body: 'as it is' });
  expect(await post('/whatever')).toMatchObject({ status: 200, body: 'as it is' });
});

test('warns when the rules take no request, and not when one does', async () => {
  const warningsAt = async (rate: number): Promise<number> => {
    const { xray, log, post } = await start();
    const rule = { RuleName: 'Default', FixedRate: rate, ReservoirSize: 0 };
    xray.intercept = () => json({ SamplingRuleRecords: [{ SamplingRule: rule }] });
    for (let i = 0; i < 3; i++) expect((await post('/GetSamplingRules')).status).toBe(200);
    return log.find(/sampling rules of X-Ray take no request/, 'warn').length;
  };
  expect([await warningsAt(0), await warningsAt(0.05)]).toEqual([1, 0]);
});
