import dns from 'node:dns';
import { afterEach, expect, test } from 'vitest';
import { Outbound } from '../../src/aws/outbound-proxy.ts';
import { XRayApi, type XRayAnswer } from '../../src/aws/xray-api.ts';
import type { Behaviour } from '../fakes/server.ts';
import { selfSigned } from '../fakes/certificate.ts';
import { FakeHttpProxy } from '../fakes/http-proxy.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';
import { exampleSource, FakeXRay } from '../fakes/xray.ts';

// The name of X-Ray leads to one host, and then to another. The first one lives on, and answers on connections that are
// kept alive.
const scope = new Scope();
const original = dns.lookup;
afterEach(() => {
  dns.lookup = original;
});

/** Two hosts behind one name and port; `move` changes where the name leads. */
async function twoHosts(): Promise<{ old: FakeXRay; next: FakeXRay; url: URL; move: () => void }> {
  const old = await new FakeXRay().start(0, '127.0.0.2');
  const next = await new FakeXRay().start(old.port, '127.0.0.3');
  scope.add(() => old.stop());
  scope.add(() => next.stop());
  let address = '127.0.0.2';
  dns.lookup = ((
    name: string,
    options: dns.LookupAllOptions,
    found: (error: null, all: dns.LookupAddress[] | string, family?: number) => void,
  ) => {
    if (name !== 'xray.test') return original(name, options, found as never);
    if (options.all) setImmediate(() => found(null, [{ address, family: 4 }]));
    else setImmediate(() => found(null, address, 4));
  }) as typeof dns.lookup;
  return { old, next, url: new URL(`http://xray.test:${old.port}`), move: () => (address = '127.0.0.3') };
}

function apiFor(
  url: URL,
  { proxyAddress = '', timeoutMs = 30_000 } = {},
): { put: () => Promise<XRayAnswer>; sample: () => Promise<XRayAnswer> } {
  const outbound = new Outbound({ proxyAddress, noProxy: '', noVerifySsl: true, maxSockets: 4 });
  scope.add(() => outbound.close());
  const credentials = exampleSource();
  const api = new XRayApi(
    { url, region: 'us-east-1', userAgent: 'test', timeoutMs },
    { credentials, outbound, log: new MemoryLog() },
  );
  const call = (target: string, body: string): Promise<XRayAnswer> =>
    api.call({ target, body: Buffer.from(body), headers: {}, signal: new AbortController().signal });
  const document = `{"id":"00f067aa0ba902b7","trace_id":"1-${Math.floor(Date.now() / 1000).toString(16)}-4bf92f3577b34da6a3ce929d","name":"a","start_time":${Date.now() / 1000},"end_time":${Date.now() / 1000}}`;
  return {
    put: () => call('/TraceSegments', JSON.stringify({ TraceSegmentDocuments: [document] })),
    sample: () => call('/GetSamplingRules', '{}'),
  };
}

test.each<[string, Behaviour]>([
  ['503', { status: 503 }],
  ['nothing', 'hang'],
  ['a reset', 'reset'],
  ['a page of its own', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }],
  ['JSON of its own', { status: 200, headers: { 'content-type': 'application/json' }, body: '{"message":"welcome"}' }],
  [
    'an error of another service of AWS',
    { status: 404, headers: { 'x-amzn-errortype': 'UnknownOperationException' }, body: '{}' },
  ],
  [
    'that the caller is not known there',
    { status: 403, headers: { 'x-amzn-errortype': 'UnrecognizedClientException' }, body: '{}' },
  ],
  ['404 of a gateway', { status: 404, body: 'no such site' }],
])('resolves the name again after three calls if the old host answers %s', async (_what, behaviour) => {
  const { old, next, url, move } = await twoHosts();
  // Three calls that hang take as long as this.
  const { put } = apiFor(url, behaviour === 'hang' ? { timeoutMs: 1_000 } : {});
  expect(await put()).toMatchObject({ kind: 'answer', status: 200 });
  move();
  old.intercept = () => behaviour;
  for (let i = 0; i < 3; i++) await put();
  const before = next.documents.length;
  expect(await put()).toMatchObject({ kind: 'answer', status: 200 });
  expect(next.documents.length).toBe(before + 1);
});

test('failed sampling calls count too, and also use the new address', async () => {
  const { old, next, url, move } = await twoHosts();
  const { put, sample } = apiFor(url);
  await put();
  move();
  old.intercept = () => ({ status: 503 });
  for (let i = 0; i < 3; i++) expect(await sample()).toMatchObject({ status: 503 });
  expect(await put()).toMatchObject({ status: 200 });
  expect(next.documents).toHaveLength(1);
});

test('keeps the connection after a throttled or refused call, because X-Ray answered', async () => {
  const { old, url, move } = await twoHosts();
  const { put } = apiFor(url);
  await put();
  move();
  old.intercept = () => ({ status: 429, headers: { 'x-amzn-errortype': 'ThrottledException' }, body: '{}' });
  for (let i = 0; i < 4; i++) expect(await put()).toMatchObject({ status: 429 });
  expect(old.requests).toHaveLength(5);
});

test('through a proxy: opens a new tunnel, so that the proxy resolves the name again', async () => {
  const tls = await selfSigned('xray.test');
  const old = await scope.start(new FakeXRay({ tls }));
  const next = await scope.start(new FakeXRay({ tls }));
  const targets = { 'xray.test:443': old.port };
  const proxy = await scope.start(new FakeHttpProxy(targets));
  const { put } = apiFor(new URL('https://xray.test'), { proxyAddress: proxy.url });
  expect(await put()).toMatchObject({ status: 200 });
  targets['xray.test:443'] = next.port;
  old.intercept = () => ({ status: 503 });
  for (let i = 0; i < 3; i++) expect(await put()).toMatchObject({ status: 503 });
  expect(await put()).toMatchObject({ status: 200 });
  expect(next.documents).toHaveLength(1);
  expect(proxy.asked).toEqual(['xray.test:443', 'xray.test:443']);
});
