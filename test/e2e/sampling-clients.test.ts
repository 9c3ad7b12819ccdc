import {
  GetSamplingRulesCommand,
  GetSamplingStatisticSummariesCommand,
  GetSamplingTargetsCommand,
  PutTraceSegmentsCommand,
  XRayClient,
} from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { CLI_REQUESTS, segment } from '../fakes/fixtures.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

// People point an AWS SDK or the CLI at TCP 2000 as the endpoint of X-Ray, with their own credentials or with any.
const scope = new Scope();

async function start(mode: string): Promise<DaemonProcess> {
  if (mode === 'local') return scope.daemon({ args: ['local'] });
  const xray = await scope.start(new FakeXRay());
  return scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
}

const MODES = ['daemon', 'local'];

test.each(MODES)(
  '%s: the AWS SDK understands the answers to sampling calls, and its PutTraceSegments is accepted',
  async (mode) => {
    const daemon = await start(mode);
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
    const client = new XRayClient({ endpoint: daemon.tcpUrl, region: 'eu-west-1', credentials, maxAttempts: 1 });
    scope.add(() => client.destroy());
    const { SamplingRuleRecords } = await client.send(new GetSamplingRulesCommand({}));
    expect(SamplingRuleRecords?.[0]?.SamplingRule).toMatchObject({ RuleName: 'Default', FixedRate: 1, Version: 1 });
    expect(SamplingRuleRecords?.[0]?.ModifiedAt).toBeInstanceOf(Date);
    const statistics = {
      RuleName: 'Default',
      ClientID: 'ABCDEF1234567890ABCDEF10',
      Timestamp: new Date(),
      RequestCount: 1,
      SampledCount: 1,
    };
    const targets = await client.send(new GetSamplingTargetsCommand({ SamplingStatisticsDocuments: [statistics] }));
    expect(targets.LastRuleModification).toBeInstanceOf(Date);
    expect(targets.SamplingTargetDocuments?.[0]).toMatchObject({ RuleName: 'Default', FixedRate: 1 });
    expect((await client.send(new GetSamplingStatisticSummariesCommand({}))).SamplingStatisticSummaries).toEqual([]);
    const put = await client.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments: [segment('by-sdk')] }));
    expect(put.UnprocessedTraceSegments).toEqual([]);
    await eventually(async () => (await daemon.metrics())['xrayd_segments_sent_total'] === 1);
  },
);

test.each(MODES)("%s: answers the AWS CLI's own sampling requests", async (mode) => {
  const daemon = await start(mode);
  const requests = CLI_REQUESTS.filter(({ path }) =>
    ['/GetSamplingRules', '/SamplingTargets', '/SamplingStatisticSummaries'].includes(path),
  );
  expect(requests.length).toBeGreaterThan(3);
  for (const { path, headers, body } of requests) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const answer = await rawRequest(daemon.tcpUrl, `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    expect([path, answer.status]).toEqual([path, 200]);
    expect(JSON.parse(answer.body)).toBeTypeOf('object');
  }
});

test('serves the last good rules while X-Ray is unavailable, marked in the metrics, but invents no targets', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  const ask = (path: string): Promise<Response> => fetch(daemon.tcpUrl + path, { method: 'POST', body: '{}' });
  const good = await (await ask('/GetSamplingRules')).text();
  await Promise.all(Array.from({ length: 20 }, () => ask('/GetSamplingRules')));
  expect(xray.calls('/GetSamplingRules')).toHaveLength(1);
  xray.intercept = () => 'reset';
  // The answer is fresh for ten seconds.
  await eventually(async () => {
    expect(await (await ask('/GetSamplingRules')).text()).toBe(good);
    return (await daemon.metrics())['xrayd_sampling_rules_served_total{source="stale"}'] === 1;
  });
  expect((await ask('/SamplingTargets')).status).toBe(502);
  expect((await daemon.metrics())['xrayd_sampling_rules_served_total{source="upstream"}']).toBe(1);
});
