import * as xray from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { Scope } from '../../fakes/scope.ts';

const scope = new Scope();

test('faults create an insight, which every insight operation knows, and whose summary names xrayd’s rule', async () => {
  const local = await LocalXRay.start();
  scope.add(() => local.stop());
  const { client, range } = local;
  // The rule counts by the minute: not across its end.
  if (Date.now() % 60_000 > 50_000) await new Promise((next) => setTimeout(next, 60_000 - (Date.now() % 60_000)));
  for (let i = 0; i < 8; i++) await local.putTrace(i < 6 ? { fault: true } : {});
  const summaries = (
    input: Partial<xray.GetInsightSummariesCommandInput>,
  ): Promise<xray.GetInsightSummariesCommandOutput> =>
    client.send(new xray.GetInsightSummariesCommand({ ...range, ...input }));
  const [insight, ...others] = (await summaries({ GroupName: 'Default' })).InsightSummaries!;
  expect(others).toEqual([]);
  expect(insight).toMatchObject({
    State: 'ACTIVE',
    Categories: ['FAULT'],
    GroupName: 'Default',
    RootCauseServiceId: { Name: 'web' },
    RootCauseServiceRequestImpactStatistics: { FaultCount: 6, OkCount: 2, TotalCount: 8 },
    ClientRequestImpactStatistics: { FaultCount: 6 },
    TopAnomalousServices: [{ ServiceId: { Name: 'web' } }],
  });
  expect(insight!.Summary).toBe(
    "web: 6 of 8 requests were faults, more than usual. Found by xrayd's own rule, which is not that of AWS.",
  );
  expect((await summaries({ States: ['CLOSED'] })).InsightSummaries).toEqual([]);
  const { InsightId } = insight!;
  expect((await client.send(new xray.GetInsightCommand({ InsightId }))).Insight).toMatchObject({ InsightId });
  const { InsightEvents } = await client.send(new xray.GetInsightEventsCommand({ InsightId }));
  expect(InsightEvents!.length).toBeGreaterThan(0);
  expect(InsightEvents![0]!.EventTime).toBeInstanceOf(Date);
  const graph = await client.send(new xray.GetInsightImpactGraphCommand({ InsightId, ...range }));
  expect(graph.Services!.map(({ Name, Edges }) => [Name, Edges!.length])).toContainEqual(['web', 1]);
});
