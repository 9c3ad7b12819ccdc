import * as xray from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { xrayTraceId } from '../../src/trace/trace-id.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER } from '../fakes/fixtures.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { resource, span, traces } from '../fakes/otlp.ts';
import { Scope } from '../fakes/scope.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();

const IDS = ['1', '2', '3'].map((digit) => `6929d510${digit.repeat(24)}`);
const [UNSAMPLED, SAMPLED, BOTH] = IDS as [string, string, string];

/** A datagram of AWS Distro for OpenTelemetry with a span of now. */
function datagram(kind: 'T1S' | 'T1U', traceId: string, spanId: string): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  const one = span({ traceId, spanId, startTimeUnixNano: now - 1_000_000_000n, endTimeUnixNano: now });
  const request = encodeTraces(traces([one], { resource: resource({ 'service.name': `shop-${traceId[8]}` }) }));
  return `${HEADER}${kind}${request.toString('base64')}`;
}

const idsOf = (text: unknown): string[] => (text as { rows: { id: string }[] }).rows.map(({ id }) => id).sort();

test('keeps unsampled spans (T1U): found by their ID and marked, but in no list, graph, group or statistic unless asked', async () => {
  const local = await LocalXRay.of(scope);
  const id = xrayTraceId(UNSAMPLED);
  const listed = [xrayTraceId(SAMPLED), xrayTraceId(BOTH)];
  const ask = async (path: string): Promise<unknown> => (await fetch(local.daemon.tcpUrl + path)).json();
  await local.daemon.send(
    datagram('T1U', UNSAMPLED, 'aaaaaaaaaaaaaaa1'),
    datagram('T1S', SAMPLED, 'aaaaaaaaaaaaaaa2'),
    datagram('T1U', BOTH, 'aaaaaaaaaaaaaaa3'),
  );
  await eventually(async () => ((await ask('/api/status')) as { traces: number }).traces === 3);
  expect(await ask('/api/status')).toMatchObject({ traces: 3, unsampled: 2 });
  // Another service sampled the same request.
  await local.daemon.send(datagram('T1S', BOTH, 'aaaaaaaaaaaaaaa4'));
  await eventually(async () => ((await ask('/api/status')) as { unsampled: number }).unsampled === 1);

  expect(await ask(`/api/traces/${id}`)).toMatchObject({ isSampled: false });
  const { Traces } = await local.client.send(new xray.BatchGetTracesCommand({ TraceIds: [id] }));
  expect(Traces).toMatchObject([{ Id: id, Segments: [{ Id: 'aaaaaaaaaaaaaaa1' }] }]);
  const lines = await (await fetch(`${local.daemon.tcpUrl}/traces.ndjson?id=${UNSAMPLED}`)).text();
  expect(JSON.parse(lines)).toMatchObject({ Id: id });
  const findings = (await ask(`/api/traces/${id}/findings`)) as { Findings: { code: string }[] };
  expect(findings.Findings.map(({ code }) => code)).toContain('unsampled');

  for (const TimeRangeType of ['TraceId', 'Event', 'Service'] as const) {
    const { TraceSummaries } = await local.client.send(
      new xray.GetTraceSummariesCommand({ ...local.range, TimeRangeType }),
    );
    expect(new Set(TraceSummaries!.map((summary) => summary.Id))).toEqual(new Set(listed));
  }
  const filtered = { ...local.range, FilterExpression: 'service("shop-1")' };
  const { TraceSummaries: none } = await local.client.send(new xray.GetTraceSummariesCommand(filtered));
  expect(none).toEqual([]);
  const { Services } = await local.client.send(new xray.GetServiceGraphCommand(local.range));
  expect(Services!.map(({ Name }) => Name).filter((name) => name?.startsWith('shop-'))).not.toContain('shop-1');
  const { TimeSeriesServiceStatistics: series } = await local.client.send(
    new xray.GetTimeSeriesServiceStatisticsCommand({ ...local.range, Period: 300 }),
  );
  const counted = series!.map(({ EdgeSummaryStatistics: edge }) => edge?.TotalCount ?? 0);
  expect(counted.reduce((sum, each) => sum + each, 0)).toBe(2);

  for (const path of ['/api/traces', '/api/traces?sort=-duration', '/api/traces?sort=spans', '/api/window']) {
    expect(idsOf(await ask(path))).toEqual(listed);
    const all = await ask(`${path}${path.includes('?') ? '&' : '?'}unsampled=true`);
    expect(idsOf(all)).toEqual([id, ...listed].toSorted());
    const { rows } = all as { rows: { id: string; isSampled: boolean }[] };
    expect(rows.filter(({ isSampled }) => !isSampled).map((row) => row.id)).toEqual([id]);
  }
  expect(await ask('/api/traces?totals=true')).toMatchObject({ totals: { traces: 2 } });
  expect(await ask('/api/overview')).toMatchObject({ traces: 2, outcomes: [2, 0, 0, 0, 0] });
  expect(await ask('/api/overview?unsampled=true')).toMatchObject({ traces: 3, outcomes: [3, 0, 0, 0, 0] });
  const words = 'text=shop-1';
  expect(idsOf(await ask(`/api/traces?${words}`))).toEqual([]);
  expect(idsOf(await ask(`/api/traces?${words}&unsampled=true`))).toEqual([id]);
  const ledger = ledgerOf(await local.daemon.metrics());
  expect(ledger).toMatchObject({ received: 4, imbalance: 0 });
});
