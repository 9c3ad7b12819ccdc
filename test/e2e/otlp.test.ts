import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { eventually } from '../fakes/eventually.ts';
import { resource, span, traces } from '../fakes/otlp.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { segmentJson } from '../fakes/traces.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();
const nowNs = BigInt(Date.now()) * 1_000_000n;
const traceId = `${Math.floor(Date.now() / 1000).toString(16)}0123456789abcdef01234567`;
const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
const TIMES = { traceId, startTimeUnixNano: nowNs - 500_000_000n, endTimeUnixNano: nowNs };
const SHOP = resource({ 'service.name': 'shop' });
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

async function otlpUrl(daemon: DaemonProcess): Promise<string> {
  await eventually(() => daemon.find(/receiving OTLP over HTTP/) !== undefined);
  return `http://${String(daemon.find(/receiving OTLP over HTTP/)!['address'])}/v1/traces`;
}

async function post(url: string, ...spans: Parameters<typeof traces>[0]): Promise<number> {
  const body = Buffer.from(encodeTraces(traces(spans, { resource: SHOP })));
  return (await fetch(url, { method: 'POST', headers: PROTOBUF, body })).status;
}

test('the daemon converts spans to segment documents, and X-Ray receives them', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({
    args: [
      '--endpoint',
      xray.url,
      '-n',
      'us-east-1',
      '--otlp-http',
      '127.0.0.1:0',
      '--indexed-attributes',
      'customer',
      '--log-level',
      'info',
    ],
    env: EXAMPLE_KEYS,
  });
  const url = await otlpUrl(daemon);
  const attributes = { customer: 'c-1042', 'http.request.method': 'GET' };
  expect(await post(url, span({ ...TIMES, attributes }), span({ ...TIMES, spanId: '0'.repeat(16) }))).toBe(200);
  await eventually(() => xray.documents.length === 1);
  expect(JSON.parse(xray.documents[0]!)).toMatchObject({
    trace_id: xrayId,
    id: span().spanId,
    name: 'shop',
    annotations: { customer: 'c-1042' },
  });
  const metrics = await daemon.metrics();
  expect(metrics['xrayd_spans_total{protocol="otlp_http",result="accepted"}']).toBe(1);
  expect(metrics['xrayd_spans_total{protocol="otlp_http",result="rejected"}']).toBe(1);
  await eventually(async () => ledgerOf(await daemon.metrics()).sent === 1);
  expect(ledgerOf(await daemon.metrics())).toMatchObject({ received: 1, imbalance: 0 });
  expect(xray.problems).toEqual([]);
});

test('the daemon receives no OTLP unless it is told to', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  expect(daemon.find(/OTLP/)).toBeUndefined();
});

for (const where of ['its own port', 'TCP 2000'] as const) {
  test(`the local X-Ray keeps spans from ${where} as they came, and answers with segments: one trace with an X-Ray segment`, async () => {
    const local = await scope.daemon({ args: ['local', '-l', 'info', '--otlp-http', '127.0.0.1:0'] });
    const url = where === 'TCP 2000' ? `${local.tcpUrl}/v1/traces` : await otlpUrl(local);
    const parent = segmentJson('front', { trace_id: xrayId, id: '1111111111111111' });
    await local.send(HEADER + JSON.stringify(parent));
    const child = span({ ...TIMES, parentSpanId: '1111111111111111', name: 'GET /orders/:id' });
    expect(await post(url, child)).toBe(200);
    // The answer comes after the spans are stored.
    const whole = (await (await fetch(`${local.tcpUrl}/api/traces/${xrayId}`)).json()) as {
      documents: { format: string }[];
    };
    expect(whole.documents.map(({ format }) => format)).toContain('otlp');
    // OpenTelemetry's notation of the same ID.
    expect((await fetch(`${local.tcpUrl}/api/traces/${traceId}`)).status).toBe(200);
    await eventually(async () => {
      const answer = await fetch(`${local.tcpUrl}/Traces`, {
        method: 'POST',
        body: JSON.stringify({ TraceIds: [xrayId] }),
      });
      const { Traces } = (await answer.json()) as { Traces: { Segments: { Document: string }[] }[] };
      const documents = Traces[0]!.Segments.map(({ Document }) => JSON.parse(Document) as Record<string, unknown>);
      return (
        documents.some(({ name }) => name === 'front') &&
        documents.some(({ name, parent_id: id }) => name === 'shop' && id === '1111111111111111')
      );
    });
    const found = await fetch(`${local.tcpUrl}/TraceSummaries`, {
      method: 'POST',
      body: JSON.stringify({ StartTime: 0, EndTime: 4e9, FilterExpression: 'service("shop")' }),
    });
    expect(await found.text()).toContain(xrayId);
    await eventually(() => /shop +1-/.test(local.stdout));
  });
}

test('an address for OTLP that the user chose must be free, and xrayd says which program has it', async () => {
  const first = await scope.daemon({ args: ['local', '-l', 'info', '--otlp-http', '127.0.0.1:0'] });
  const { port } = new URL(await otlpUrl(first));
  const second = await scope
    .daemon({ args: ['local', '--otlp-http', `127.0.0.1:${port}`] })
    .catch((error: unknown) => error);
  expect(second).toBeInstanceOf(Error);
  expect(String(second)).toMatch(/another xrayd \(local, pid \d+\) runs here/);
});

test('the local X-Ray with --tee sends spans on to AWS as segment documents, and counts them', async () => {
  const xray = await scope.start(new FakeXRay());
  const aws = ['--tee', '--endpoint', xray.url, '--region', 'us-east-1'];
  const daemon = await scope.daemon({
    args: ['local', ...aws, '--otlp-http', '127.0.0.1:0'],
    env: EXAMPLE_KEYS,
  });
  expect(await post(await otlpUrl(daemon), span(TIMES))).toBe(200);
  await eventually(() => xray.documents.length === 1);
  expect(JSON.parse(xray.documents[0]!)).toMatchObject({ trace_id: xrayId, name: 'shop' });
  await eventually(async () => (await daemon.metrics())['xrayd_tee_segments_total{outcome="sent"}'] === 1);
});
