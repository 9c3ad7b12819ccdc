import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { resource, span, traces } from '../fakes/otlp.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();
const SHOP = resource({ 'service.name': 'shop' });
const NOW_NS = BigInt(Date.now()) * 1_000_000n;
const TRACE = `${Math.floor(Date.now() / 1000).toString(16)}0123456789abcdef01234567`;
const TIMES = { traceId: TRACE, startTimeUnixNano: NOW_NS - 500_000_000n, endTimeUnixNano: NOW_NS };
const spanId = (n: number): string => n.toString(16).padStart(16, '0');

async function teed(aws: FakeXRay, ...more: string[]): Promise<{ daemon: DaemonProcess; url: string }> {
  const args = [
    'local',
    '--tee',
    '--endpoint',
    aws.url,
    '--region',
    'us-east-1',
    '--otlp-http',
    '127.0.0.1:0',
    ...more,
  ];
  const daemon = await scope.daemon({ args, env: EXAMPLE_KEYS });
  await eventually(() => daemon.find(/receiving OTLP over HTTP/) !== undefined);
  return { daemon, url: `http://${String(daemon.find(/receiving OTLP over HTTP/)!['address'])}/v1/traces` };
}

async function post(url: string, spans: Parameters<typeof traces>[0]): Promise<number> {
  const body = Buffer.from(encodeTraces(traces(spans, { resource: SHOP })));
  const headers = { 'content-type': 'application/x-protobuf' };
  return (await fetch(url, { method: 'POST', headers, body })).status;
}

const copies = async (daemon: DaemonProcess, outcome: string): Promise<number> =>
  (await daemon.metrics())[`xrayd_tee_segments_total{outcome="${outcome}"}`]!;

test('--tee forwards spans as the segments that the daemon makes of them, OTLP datagrams unchanged, and counts each', async () => {
  const aws = await scope.start(new FakeXRay());
  const { daemon, url } = await teed(aws, '--indexed-attributes', 'customer');
  const attributes = { customer: 'c-1042' };
  const spans = [1, 2, 3].map((n) => span({ ...TIMES, spanId: spanId(n), attributes }));
  expect(await post(url, [...spans, span({ ...TIMES, spanId: spanId(0) })])).toBe(200);
  const datagram = `T1S${encodeTraces(traces([span({ ...TIMES, spanId: spanId(4) })], { resource: SHOP })).toString('base64')}`;
  await daemon.send(HEADER + datagram);
  await eventually(async () => (await copies(daemon, 'sent')) === 4);
  const documents = aws
    .calls('/TraceSegments')
    .flatMap(({ body }) => (JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] }).TraceSegmentDocuments);
  expect(documents).toContain(datagram);
  const segments = documents
    .filter((document) => document !== datagram)
    .map((document) => JSON.parse(document) as { id: string });
  expect(segments.map(({ id }) => id)).toEqual([spanId(1), spanId(2), spanId(3)]);
  expect(segments[0]).toMatchObject({
    name: 'shop',
    annotations: { customer: 'c-1042' },
    trace_id: `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`,
  });
  // In the store, the spans of a request are one document.
  expect(await daemon.metrics()).toMatchObject({
    xrayd_segments_sent_total: 2,
    'xrayd_tee_segments_total{outcome="dropped"}': 0,
    'xrayd_tee_segments_total{outcome="unprocessed"}': 0,
  });
});

test('spans that do not fit beside others that wait for AWS are counted one by one', async () => {
  const aws = await scope.start(new FakeXRay());
  aws.intercept = () => ({ status: 503 });
  const { daemon, url } = await teed(aws, '-m', '3');
  const attributes = { padding: 'x'.repeat(10_000) };
  const total = 400;
  for (let n = 0; n < total; n += 50) {
    const spans = Array.from({ length: 50 }, (_, i) => span({ ...TIMES, spanId: spanId(n + i + 1), attributes }));
    expect(await post(url, spans)).toBe(200);
  }
  await eventually(async () => (await copies(daemon, 'dropped')) > 200);
  aws.intercept = () => undefined;
  await eventually(async () => (await copies(daemon, 'sent')) + (await copies(daemon, 'dropped')) === total);
  expect(aws.documents).toHaveLength(await copies(daemon, 'sent'));
});
