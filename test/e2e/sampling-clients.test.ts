import {
  CreateSamplingRuleCommand,
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

const BOOST = { MaxRate: 0.5, CooldownWindowMinutes: 1 };
const STATISTICS = {
  RuleName: 'adaptive',
  ClientID: 'ABCDEF1234567890ABCDEF10',
  Timestamp: new Date(),
  RequestCount: 10,
  SampledCount: 1,
};
const ANOMALIES = {
  RuleName: 'adaptive',
  ServiceName: 'shop',
  Timestamp: new Date(),
  AnomalyCount: 4,
  TotalCount: 10,
  SampledAnomalyCount: 1,
};

function clientOf(daemon: DaemonProcess): XRayClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new XRayClient({ endpoint: daemon.tcpUrl, region: 'eu-west-1', credentials, maxAttempts: 1 });
  scope.add(() => client.destroy());
  return client;
}

test('adaptive sampling, local: a rule has its boost, and reported anomalies raise the rate of its clients', async () => {
  const daemon = await start('local');
  const client = clientOf(daemon);
  const rule = { RuleName: 'adaptive', ResourceARN: '*', Priority: 1, FixedRate: 0.01, ReservoirSize: 0, Version: 1 };
  const any = { ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '*' };
  await client.send(new CreateSamplingRuleCommand({ SamplingRule: { ...rule, ...any, SamplingRateBoost: BOOST } }));
  const { SamplingRuleRecords } = await client.send(new GetSamplingRulesCommand({}));
  expect(SamplingRuleRecords?.[0]?.SamplingRule?.SamplingRateBoost).toEqual(BOOST);
  const report = (boosts?: object[]) =>
    client.send(
      new GetSamplingTargetsCommand({
        SamplingStatisticsDocuments: [STATISTICS],
        ...(boosts === undefined ? {} : { SamplingBoostStatisticsDocuments: boosts as (typeof ANOMALIES)[] }),
      }),
    );
  expect((await report()).SamplingTargetDocuments![0]!.SamplingBoost).toBeUndefined();
  const targets = await report([ANOMALIES, { ...ANOMALIES, RuleName: 'gone' }]);
  expect(targets.SamplingTargetDocuments![0]).toMatchObject({
    FixedRate: 0.01,
    SamplingBoost: { BoostRate: 0.25, BoostRateTTL: expect.any(Date) as Date },
  });
  expect(targets.UnprocessedStatistics).toEqual([]);
  expect(targets.UnprocessedBoostStatistics).toEqual([{ RuleName: 'gone', ErrorCode: '400', Message: 'Unknown rule' }]);
  expect((await report()).SamplingTargetDocuments![0]!.SamplingBoost).toMatchObject({ BoostRate: 0.25 });
  await expect(report([{ ...ANOMALIES, ServiceName: undefined, AnomalyCount: -1 }])).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      "2 validation errors detected: Value null at 'samplingBoostStatisticsDocuments.1.member.serviceName' failed to satisfy constraint: Member must not be null; Value '-1' at 'samplingBoostStatisticsDocuments.1.member.anomalyCount' failed to satisfy constraint: Member must have value greater than or equal to 0",
  });
  await expect(report(Array.from({ length: 26 }, () => ANOMALIES))).rejects.toMatchObject({
    name: 'ValidationException',
  });
  // As ADOT writes them: times in seconds, a ClientID, and null for no list.
  for (const boosts of [null, [], [{ ...ANOMALIES, Timestamp: 1.5e9, ClientID: STATISTICS.ClientID }]]) {
    const answer = await fetch(`${daemon.tcpUrl}/SamplingTargets`, {
      method: 'POST',
      body: JSON.stringify({ SamplingStatisticsDocuments: [], SamplingBoostStatisticsDocuments: boosts }),
    });
    expect(answer.status).toBe(200);
  }
});

test('adaptive sampling, daemon: both calls pass through unchanged', async () => {
  const xray = await scope.start(new FakeXRay());
  const ttl = 1_790_000_060;
  const answers: Readonly<Record<string, object>> = {
    '/GetSamplingRules': {
      SamplingRuleRecords: [
        {
          SamplingRule: { RuleName: 'adaptive', SamplingRateBoost: { ...BOOST, DisableDefaultAnomalyDetection: true } },
        },
      ],
    },
    '/SamplingTargets': {
      SamplingTargetDocuments: [{ RuleName: 'adaptive', SamplingBoost: { BoostRate: 0.4, BoostRateTTL: ttl } }],
      LastRuleModification: 1.79e9,
      UnprocessedStatistics: [],
      UnprocessedBoostStatistics: [{ RuleName: 'gone', ErrorCode: '400', Message: 'Unknown' }],
    },
  };
  xray.intercept = ({ target }) =>
    target in answers ? { status: 200, body: JSON.stringify(answers[target]) } : undefined;
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  for (const [path, answer] of Object.entries(answers)) {
    const passed = await fetch(daemon.tcpUrl + path, { method: 'POST', body: '{}' });
    expect(await passed.json()).toEqual(answer);
  }
  const client = clientOf(daemon);
  const targets = await client.send(
    new GetSamplingTargetsCommand({
      SamplingStatisticsDocuments: [STATISTICS],
      SamplingBoostStatisticsDocuments: [ANOMALIES],
    }),
  );
  expect(targets.SamplingTargetDocuments![0]!.SamplingBoost).toEqual({
    BoostRate: 0.4,
    BoostRateTTL: new Date(ttl * 1000),
  });
  const sent = JSON.parse(xray.calls('/SamplingTargets').at(-1)!.body.toString()) as object;
  expect(sent).toMatchObject({ SamplingBoostStatisticsDocuments: [{ AnomalyCount: 4, ServiceName: 'shop' }] });
});
