import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { KIND } from '../../src/formats/otlp/messages.ts';
import { PARENT, resource, span, traces } from '../fakes/otlp.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const nowNs = BigInt(Date.now()) * 1_000_000n;
const traceId = `${Math.floor(Date.now() / 1000).toString(16)}0123456789abcdef01234567`;
const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
const TIMES = { traceId, startTimeUnixNano: nowNs - 500_000_000n, endTimeUnixNano: nowNs };

async function started(...options: string[]): Promise<DaemonProcess> {
  const local = await scope.daemon({ args: ['local', '--otlp-http', '127.0.0.1:0', ...options] });
  const attributes = { 'customer.id': 'c-1042', tier: 'gold' };
  const call = { ...TIMES, spanId: '1'.repeat(16), parentSpanId: PARENT, kind: KIND.client, flags: 0x301 };
  const body = encodeTraces(
    traces([span({ ...TIMES, attributes }), span(call)], { resource: resource({ 'service.name': 'shop', zone: 'a' }) }),
  );
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${local.tcpUrl}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) });
  expect(answer.status).toBe(200);
  return local;
}

async function documentsOf({ tcpUrl }: DaemonProcess): Promise<Record<string, unknown>[]> {
  const answer = await fetch(`${tcpUrl}/Traces`, { method: 'POST', body: JSON.stringify({ TraceIds: [xrayId] }) });
  const { Traces } = (await answer.json()) as { Traces: { Segments: { Document: string }[] }[] };
  return Traces[0]!.Segments.map(({ Document }) => JSON.parse(Document) as Record<string, unknown>);
}

async function finds({ tcpUrl }: DaemonProcess, FilterExpression: string): Promise<boolean> {
  const answer = await fetch(`${tcpUrl}/TraceSummaries`, {
    method: 'POST',
    body: JSON.stringify({ StartTime: Date.now() / 1000 - 600, EndTime: Date.now() / 1000 + 60, FilterExpression }),
  });
  return ((await answer.json()) as { TraceSummaries: unknown[] }).TraceSummaries.length === 1;
}

const BY_ATTRIBUTE = 'annotation[customer.id] = "c-1042"';

test('local: by default no attribute is an annotation, as in the daemon', async () => {
  const local = await started();
  expect(await documentsOf(local)).toContainEqual(
    expect.objectContaining({
      name: 'shop',
      metadata: { default: expect.objectContaining({ 'customer.id': 'c-1042', tier: 'gold' }) as unknown },
    }),
  );
  expect(await finds(local, BY_ATTRIBUTE)).toBe(false);
});

test('local: --indexed-attributes and --aws-log-groups decide what the X-Ray API answers and what filters find', async () => {
  const local = await started(
    '--indexed-attributes',
    'customer.id,otel.resource.zone',
    '--aws-log-groups',
    '/ecs/shop',
  );
  const [shop] = (await documentsOf(local)).filter(({ name }) => name === 'shop');
  expect(shop).toMatchObject({
    annotations: { 'customer.id': 'c-1042', 'otel.resource.zone': 'a' },
    metadata: { default: { tier: 'gold' } },
    aws: { cloudwatch_logs: [{ log_group: '/ecs/shop' }] },
  });
  expect(await finds(local, BY_ATTRIBUTE)).toBe(true);
  expect(await finds(local, 'annotation.tier = "gold"')).toBe(false);
  // The page converts spans itself.
  const page = (await (await fetch(`${local.tcpUrl}/api/traces/${xrayId}`)).json()) as { conversion: object };
  expect(page.conversion).toMatchObject({ indexedAttributes: ['customer.id', 'otel.resource.zone'] });
});

test('local: --index-all-attributes makes annotations of all attributes', async () => {
  const local = await started('--index-all-attributes');
  expect(await finds(local, `${BY_ATTRIBUTE} AND annotation.tier = "gold"`)).toBe(true);
});

test('local: --local-root-at-remote-parent begins a segment at a call whose parent is in another process', async () => {
  const shops = async (...options: string[]): Promise<number> =>
    (await documentsOf(await started(...options))).filter(({ name }) => name === 'shop').length;
  expect(await shops()).toBe(1);
  expect(await shops('--local-root-at-remote-parent')).toBe(2);
});
