import { XRayClient, GetTraceSummariesCommand } from '@aws-sdk/client-xray';
import { createSocket } from 'node:dgram';
import { connect } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalXRay, type LocalXRay } from '../../src/compose/library.ts';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { resource, span, traces } from '../fakes/otlp.ts';
import { segmentJson } from '../fakes/traces.ts';

let xray: LocalXRay;
beforeAll(async () => {
  xray = await startLocalXRay();
});
afterAll(() => xray.stop());

async function send(...documents: readonly object[]): Promise<void> {
  const socket = createSocket('udp4');
  const [host, port] = xray.daemonAddress.split(':');
  for (const document of documents) {
    await new Promise<void>((done) =>
      socket.send(`{"format":"json","version":1}\n${JSON.stringify(document)}`, Number(port), host, () => done()),
    );
  }
  socket.close();
}

const requestOf = (traceId: string): Buffer =>
  encodeTraces(traces([span({ traceId })], { resource: resource({ 'service.name': 'shop' }) }));

async function post(url: string, type: string, body: string | Buffer<ArrayBuffer>): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
  expect(answer.ok).toBe(true);
}

const postSpans = (url: string, traceId: string): Promise<void> =>
  post(url, 'application/x-protobuf', Buffer.from(requestOf(traceId)));

const postZipkin = (url: string, traceId: string): Promise<void> =>
  post(
    url,
    'application/json',
    JSON.stringify([
      {
        traceId,
        id: '53995c3f42cd8ad8',
        kind: 'SERVER',
        timestamp: 1_764_349_296_000_000,
        duration: 1_000,
        name: 'get',
        localEndpoint: { serviceName: 'shop' },
      },
    ]),
  );

async function exportSpans(url: string, traceId: string): Promise<void> {
  const message = requestOf(traceId);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const session = connect(url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const status = new Promise((done) => stream.once('trailers', (trailers) => done(trailers['grpc-status'])));
  stream.resume().end(Buffer.concat([head, message]));
  expect(await status).toBe('0');
  session.close();
}

const idOf = (n: number): string => `1-6ab3b3f3-${n.toString(16).padStart(24, '0')}`;

test('waits for a trace, and returns its summary and documents', async () => {
  const waiting = xray.waitForTrace('service("shop") AND fault');
  await send(
    segmentJson('shop', { trace_id: idOf(1) }),
    segmentJson('shop', { trace_id: idOf(2), fault: true, annotations: { order: 7 } }),
  );
  const { id, summary, segments } = await waiting;
  expect(id).toBe(idOf(2));
  expect(summary).toMatchObject({ HasFault: true, Duration: 1 });
  expect(segments).toMatchObject([{ name: 'shop', annotations: { order: 7 } }]);
});

test('waits for the trace of an ID in any notation, of a header or of a log line', async () => {
  const hex = idOf(21).replaceAll('-', '').slice(1);
  const waiting = xray.waitForTrace(`00-${hex}-53995c3f42cd8ad8-01`);
  await send(segmentJson('bystander', { trace_id: idOf(22) }), segmentJson('shop', { trace_id: idOf(21) }));
  expect(await waiting).toMatchObject({ id: idOf(21), summary: { Duration: 1 }, segments: [{ name: 'shop' }] });
  for (const text of [idOf(21), hex.toUpperCase(), `{"level":"info","trace_id":"${hex}"}`])
    expect((await xray.waitForTrace(text)).id).toBe(idOf(21));
  expect((await xray.waitForTrace(hex, { text: 'shop' })).id).toBe(idOf(21));
  await expect(xray.waitForTrace(hex, { text: 'nobody', timeoutMs: 50 })).rejects.toThrow(/no trace matched/);
});

test('finds traces by words, alone and with an expression', async () => {
  await send(
    segmentJson('shop', { trace_id: idOf(11), user: 'user-7731' }),
    segmentJson('shop', { trace_id: idOf(12), user: 'user-8', fault: true }),
  );
  expect((await xray.waitForTrace('', { text: 'user-7731 shop' })).id).toBe(idOf(11));
  expect((await xray.waitForTrace('fault', { text: 'user-8' })).id).toBe(idOf(12));
  expect((await xray.traces(undefined, { text: 'user-' })).map(({ id }) => id).sort()).toEqual([idOf(11), idOf(12)]);
  expect(await xray.traces('fault', { text: 'user-7731' })).toEqual([]);
  await expect(xray.waitForTrace('', { text: 'nobody', timeoutMs: 50 })).rejects.toThrow(
    /no trace matched nobody within 50 ms/,
  );
  await expect(xray.traces('service(', { text: 'user' })).rejects.toThrow(/InvalidRequestException/);
});

test('lists the existing traces if none matches in time, and reports a mistake in an expression at once', async () => {
  await send(segmentJson('other', { trace_id: idOf(3) }));
  await xray.waitForTrace('service("other")');
  await expect(xray.waitForTrace('service("none")', { timeoutMs: 50 })).rejects.toThrow(
    /no trace matched service\("none"\) within 50 ms. These traces exist: other 1-6ab3b3f3-/,
  );
  await expect(xray.waitForTrace('service(')).rejects.toThrow(/InvalidRequestException/);
});

test('after settled, everything sent can be read; clear removes it', async () => {
  await xray.clear();
  await send(...Array.from({ length: 230 }, (_, i) => segmentJson('many', { trace_id: idOf(100 + i) })));
  await xray.settled();
  expect(await xray.traces('service("many")')).toHaveLength(230);
  await xray.clear();
  expect(await xray.traces()).toEqual([]);
});

test('counts what was read, refused and lost', async () => {
  const before = xray.counts();
  await send(segmentJson('counted', { trace_id: idOf(999) }), { name: 'not a segment' });
  await xray.settled();
  expect(xray.counts()).toEqual({
    received: before.received + 2,
    refused: before.refused + 1,
    lost: before.lost,
  });
  await xray.clear();
});

test('AWS’s own client finds it through the variables', async () => {
  const client = new XRayClient({
    endpoint: xray.env['AWS_ENDPOINT_URL_XRAY']!,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const { TraceSummaries } = await client.send(
    new GetTraceSummariesCommand({ StartTime: new Date(0), EndTime: new Date() }),
  );
  expect(TraceSummaries).toEqual([]);
  client.destroy();
});

test.each([
  ['OTLP over HTTP', async (hex: string) => postSpans(`${xray.otlpHttpUrl}/v1/traces`, hex)],
  ['Zipkin', async (hex: string) => postZipkin(xray.zipkinUrl, hex)],
  ['OTLP over gRPC', async (hex: string) => exportSpans(xray.otlpGrpcUrl, hex)],
])('receives spans by %s, and waits for their trace by its ID', async (_protocol, sendTo) => {
  await xray.clear();
  const hex = `6ab3b3f3${'0'.repeat(23)}7`;
  const ids = [hex, `00-${hex}-53995c3f42cd8ad8-01`, idOf(7), `Root=${idOf(7)};Sampled=1`];
  const waiting = ids.map((id) => xray.waitForTrace(id));
  await send(segmentJson('other', { trace_id: idOf(8) }));
  await sendTo(hex);
  for (const trace of await Promise.all(waiting)) {
    expect(trace.id).toBe(idOf(7));
    expect(trace.summary).toMatchObject({ Id: idOf(7) });
    expect(trace.segments).toMatchObject([{ name: 'shop' }]);
  }
  await expect(xray.waitForTrace('9'.repeat(32), { timeoutMs: 50 })).rejects.toThrow(
    /no trace matched 9{32} within 50 ms\. These traces exist/,
  );
});

test('has the variables of OpenTelemetry SDKs', () => {
  expect(xray.env).toMatchObject({
    OTEL_EXPORTER_OTLP_ENDPOINT: xray.otlpHttpUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: xray.zipkinUrl,
  });
});

test('two instances have separate ports and traces', async () => {
  await using other = await startLocalXRay();
  expect(other.daemonAddress).not.toBe(xray.daemonAddress);
  expect(await other.traces()).toEqual([]);
});
