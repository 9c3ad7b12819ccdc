import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { Outbound } from '../../src/aws/outbound-proxy.ts';
import { XRayApi } from '../../src/aws/xray-api.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_CREDENTIALS, exampleSource, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

function apiFor(
  url: string,
  get: () => Promise<typeof EXAMPLE_CREDENTIALS | undefined>,
  { timeoutMs = 5_000, refused = (_used: unknown): void => {} } = {},
): XRayApi {
  const outbound = new Outbound({ proxyAddress: '', noProxy: '', noVerifySsl: false, maxSockets: 4 });
  scope.add(() => outbound.close());
  const credentials = exampleSource({ current: () => undefined, get, problem: 'no AWS credentials', refused });
  return new XRayApi(
    { url: new URL(url), region: 'us-east-1', userAgent: 'test', timeoutMs },
    { credentials, outbound, log: new MemoryLog() },
  );
}

const call = (signal: AbortSignal) => ({ target: '/GetSamplingRules', body: Buffer.from('{}'), headers: {}, signal });
const never = (): Promise<undefined> => new Promise(() => {});

test('an abort ends a call that waits for credentials', async () => {
  const abort = new AbortController();
  const answer = apiFor('http://127.0.0.1:9', never).call(call(abort.signal));
  abort.abort();
  expect(await answer).toMatchObject({ kind: 'failure', code: 'aborted' });
});

test('calls share one listener on a signal that lives as long as the daemon', async () => {
  const xray = await scope.start(new FakeXRay());
  const api = apiFor(xray.url, async () => EXAMPLE_CREDENTIALS);
  const { signal } = new AbortController();
  for (let i = 0; i < 3; i++) expect(await api.call(call(signal))).toMatchObject({ kind: 'answer', status: 200 });
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
});

test('sends nothing without credentials', async () => {
  const xray = await scope.start(new FakeXRay());
  expect(await apiFor(xray.url, async () => undefined).call(call(new AbortController().signal))).toEqual({
    kind: 'no_credentials',
    message: 'no AWS credentials',
  });
  expect(xray.requests).toEqual([]);
});

test('counts failures by the names of PutTelemetryRecords', async () => {
  const xray = await scope.start(new FakeXRay());
  const api = apiFor(xray.url, async () => EXAMPLE_CREDENTIALS, { timeoutMs: 100 });
  const { signal } = new AbortController();
  xray.intercept = () => ({ status: 500 });
  await api.call(call(signal));
  xray.intercept = () => ({ status: 429 });
  await api.call(call(signal));
  xray.intercept = () => 'hang';
  await api.call(call(signal));
  xray.intercept = () => 'reset';
  await api.call(call(signal));
  expect(api.errors).toEqual({
    TimeoutCount: 1,
    ConnectionRefusedCount: 0,
    HTTPCode4XXCount: 1,
    HTTPCode5XXCount: 1,
    UnknownHostCount: 0,
    OtherCount: 1,
  });
  const closed = apiFor('http://127.0.0.1:9', async () => EXAMPLE_CREDENTIALS);
  await closed.call(call(signal));
  expect(closed.errors.ConnectionRefusedCount).toBe(1);
});

test.each([true, false])('abandons an answer that is too large (length announced: %s)', async (isAnnounced) => {
  const xray = await scope.start(new FakeXRay());
  const body = Buffer.alloc(5 * 1024 * 1024);
  xray.intercept = () => ({
    status: 200,
    headers: isAnnounced ? { 'content-length': String(body.length) } : { 'transfer-encoding': 'chunked' },
    body,
  });
  const answer = await apiFor(xray.url, async () => EXAMPLE_CREDENTIALS).call(call(new AbortController().signal));
  expect(answer).toMatchObject({ kind: 'failure', code: 'answer_too_large' });
});

test('a kept-alive connection that the server closed between two calls causes no failure', async () => {
  const xray = await scope.start(new FakeXRay());
  const api = apiFor(xray.url, async () => EXAMPLE_CREDENTIALS);
  const { signal } = new AbortController();
  await api.call(call(signal));
  // Reset at the moment of its reuse, as a server does whose idle time has just run out.
  let calls = 0;
  xray.intercept = () => (calls++ === 0 ? 'reset' : undefined);
  expect(await api.call(call(signal))).toMatchObject({ kind: 'answer', status: 200 });
  expect(calls).toBe(2);
});

test.each([
  [431, {}, 1],
  [400, {}, 1],
  [403, { 'x-amzn-errortype': 'UnrecognizedClientException' }, 1],
  [400, { 'x-amzn-errortype': 'InvalidRequestException' }, 0],
  [404, {}, 0],
  [503, {}, 0],
])('after HTTP %i with %j, the providers are asked for other credentials %i times', async (status, headers, times) => {
  const xray = await scope.start(new FakeXRay());
  xray.intercept = () => ({ status, headers, body: '{}' });
  const refused: unknown[] = [];
  const api = apiFor(xray.url, async () => EXAMPLE_CREDENTIALS, { refused: (used) => void refused.push(used) });
  await api.call(call(new AbortController().signal));
  expect(refused).toEqual(Array(times).fill(EXAMPLE_CREDENTIALS));
});

test.each([10, -10])(
  'corrects a clock that is %i minutes off from the answer, and the call succeeds',
  async (minutes) => {
    const xray = await scope.start(new FakeXRay());
    const offsetMs = minutes * 60_000;
    // X-Ray's clock, not ours, decides: it refuses what was not signed at its own time.
    xray.intercept = ({ headers }) => {
      const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(headers['x-amz-date'] ?? '') ?? [];
      const signedMs = Date.parse(
        `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`,
      );
      const theirsMs = Date.now() + offsetMs;
      const date = new Date(theirsMs).toUTCString();
      if (Math.abs(signedMs - theirsMs) < 60_000) return { status: 200, headers: { date }, body: '{}' };
      return {
        status: 403,
        headers: { date, 'x-amzn-errortype': 'InvalidSignatureException' },
        body: '{"message":"Signature expired"}',
      };
    };
    const api = apiFor(xray.url, async () => EXAMPLE_CREDENTIALS);
    const { signal } = new AbortController();
    expect(await api.call(call(signal))).toMatchObject({ kind: 'answer', status: 200 });
    expect(await api.call(call(signal))).toMatchObject({ kind: 'answer', status: 200 });
    expect(xray.requests).toHaveLength(3);
  },
);
