import { connect } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER, SAMPLING_REQUESTS, segment } from '../fakes/fixtures.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS } from '../fakes/xray.ts';

const scope = new Scope();
const local = (...args: string[]): Promise<DaemonProcess> => scope.daemon({ args: ['local', ...args] });

const post = (
  daemon: DaemonProcess,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(daemon.tcpUrl + path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });

describe('one local X-Ray', () => {
  const shared = Scope.shared();
  let daemon: DaemonProcess;
  beforeAll(async () => {
    daemon = await shared.daemon({ args: ['local'] });
  });

  test('its first lines are true: both addresses, that every request is traced, and that nothing leaves this machine', () => {
    const udp = `127.0.0.1:${daemon.udpPort}`;
    const tcp = new URL(daemon.tcpUrl).host;
    expect(daemon.stdout).toContain(
      `local X-Ray on UDP ${udp} and TCP ${tcp}. Every request is traced, nothing leaves this machine.`,
    );
  });

  test('starts without region, credentials or network, and writes a line per document with service, trace ID, status and duration', async () => {
    await daemon.send(
      HEADER +
        segment('orders', {
          fault: true,
          http: { response: { status: 500 } },
          subsegments: [{ id: '53995c3f42cd8ad8', name: 'query', start_time: 1, end_time: 2 }],
        }),
    );
    await eventually(() => daemon.stdout.includes('orders'));
    expect(daemon.stdout).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} {2}orders +1-[0-9a-f]{8}-[0-9a-f]{24} +500 fault +250 ms +1 subsegment$/m,
    );
  });

  // What each SDK sends and what it needs in the answer, by its sources and by recordings of it.
  type Rule = Record<string, unknown>;
  const recorded = (client: string, path: string): Buffer =>
    SAMPLING_REQUESTS.find((one) => one.client.startsWith(client) && one.path === path)!.request;

  async function rulesFor(request: Buffer): Promise<{ status: number; rule: Rule }> {
    const { status, body } = await rawRequest(daemon.tcpUrl, request);
    const answer = JSON.parse(body) as {
      SamplingRuleRecords: { SamplingRule: Rule; CreatedAt: unknown; ModifiedAt: unknown }[];
    };
    const [record] = answer.SamplingRuleRecords;
    expect(record?.CreatedAt).toBeTypeOf('number');
    expect(record?.ModifiedAt).toBeTypeOf('number');
    return { status, rule: record!.SamplingRule };
  }

  test('Node: version 1, ResourceARN *, an empty object of attributes, nothing falsy', async () => {
    const { rule } = await rulesFor(recorded('aws-xray-sdk-node', '/GetSamplingRules'));
    expect(rule).toMatchObject({
      Version: 1,
      ResourceARN: '*',
      Attributes: {},
      ServiceType: '*',
      RuleName: 'Default',
      FixedRate: 1,
    });
    expect(rule['Priority']).toBeTruthy();
  });

  test('Node: targets with a number as LastRuleModification', async () => {
    const { status, body } = await rawRequest(daemon.tcpUrl, recorded('aws-xray-sdk-node', '/SamplingTargets'));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      LastRuleModification: 0,
      SamplingTargetDocuments: [{ RuleName: 'Default', FixedRate: 1 }],
    });
  });

  test('Python: every member of the rule is there and attributes are falsy or empty', async () => {
    const { rule } = await rulesFor(recorded('aws-xray-sdk-python', '/GetSamplingRules'));
    const members = [
      'RuleName',
      'Priority',
      'FixedRate',
      'ReservoirSize',
      'ServiceName',
      'ServiceType',
      'Host',
      'HTTPMethod',
      'URLPath',
      'Version',
      'ResourceARN',
    ];
    for (const member of members) expect(rule[member] ?? undefined).toBeDefined();
  });

  test('Java: 200 with numbers for times and no null lists in the targets, for its upper-case client id and milliseconds', async () => {
    const { status, body } = await rawRequest(
      daemon.tcpUrl,
      recorded('aws-xray-recorder-sdk-java', '/SamplingTargets'),
    );
    expect(status).toBe(200);
    const answer = JSON.parse(body) as Record<string, unknown>;
    expect(answer['LastRuleModification']).toBeTypeOf('number');
    expect(answer['SamplingTargetDocuments']).toHaveLength(1);
    expect(answer['UnprocessedStatistics']).toEqual([]);
  });

  test('Go: {"NextToken": null} without a content type, and no member of the rule is null', async () => {
    const { status, rule } = await rulesFor(recorded('aws-xray-sdk-go', '/GetSamplingRules'));
    expect(status).toBe(200);
    expect(Object.values(rule).filter((value) => value === null)).toEqual([]);
  });

  test('.NET: an empty body with application/json; charset=utf-8', async () => {
    const answer = await post(daemon, '/GetSamplingRules', undefined, {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ SamplingRuleRecords: [{ SamplingRule: { RuleName: 'Default' } }] });
  });

  test('Ruby: ignores a bogus signature', async () => {
    const answer = await post(daemon, '/GetSamplingRules', '{}', {
      authorization: 'AWS4-HMAC-SHA256 Credential=x/y',
      'content-type': 'application/json',
    });
    expect(answer.status).toBe(200);
  });

  test('ADOT: an empty body of length 0, and statistics with its own members', async () => {
    expect((await rawRequest(daemon.tcpUrl, recorded('aws-opentelemetry-distro', '/GetSamplingRules'))).status).toBe(
      200,
    );
    expect((await rawRequest(daemon.tcpUrl, recorded('aws-opentelemetry-distro', '/SamplingTargets'))).status).toBe(
      200,
    );
  });

  test('answers an unknown rule in the statistics with ErrorCode 400, as AWS does', async () => {
    const answer = await post(daemon, '/SamplingTargets', '{"SamplingStatisticsDocuments":[{"RuleName":"gone"},null]}');
    expect(await answer.json()).toMatchObject({
      UnprocessedStatistics: [{ RuleName: 'gone', ErrorCode: '400', Message: 'Unknown rule' }, { RuleName: null }],
    });
  });

  test('POST /TraceSegments accepts documents that are too large for a datagram', async () => {
    const document = segment('larger-than-a-datagram', { metadata: { text: 'x'.repeat(200_000) } });
    const answer = await post(daemon, '/TraceSegments', JSON.stringify({ TraceSegmentDocuments: [document] }));
    expect(await answer.json()).toEqual({ UnprocessedTraceSegments: [] });
    await eventually(() => daemon.stdout.includes('larger-than-a-datagram'));
  });

  test('answers an unknown path as X-Ray does: 200, with the error in the body', async () => {
    const answer = await post(daemon, '/NoSuchOperation', '{}');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      Output: { __type: 'com.amazon.coral.service#UnknownOperationException' },
      Version: '1.0',
    });
  });

  for (const path of ['/v1/traces', '/v1/metrics', '/v1/logs']) {
    test(`takes OTLP by POST ${path} on TCP 2000, as protobuf and as JSON, and counts nothing of an empty request`, async () => {
      const before = await daemon.metrics();
      for (const [type, body] of [
        ['application/x-protobuf', new Uint8Array([0x0a, 0x02, 0x12, 0x00])],
        ['application/json', '{"resourceSpans":[]}'],
      ] as const) {
        const answer = await fetch(daemon.tcpUrl + path, { method: 'POST', headers: { 'content-type': type }, body });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
        expect((await answer.text()).replace('{}', '')).toBe('');
      }
      const get = await fetch(daemon.tcpUrl + path);
      expect(get.status).toBe(405);
      const foreign = { 'content-type': 'application/json', origin: 'https://example.com' };
      expect((await fetch(daemon.tcpUrl + path, { method: 'POST', headers: foreign, body: '{}' })).status).toBe(403);
      const received = 'xrayd_segments_received_total';
      expect((await daemon.metrics())[received]).toBe(before[received]);
    });
  }

  test('control characters in names do not reach the terminal', async () => {
    await daemon.send(HEADER + segment('evil\u001b[31m\r\nfake line'), HEADER + segment('harmless'));
    await eventually(() => daemon.stdout.includes('harmless'));
    expect(daemon.stdout).not.toContain('evil');
    expect((await daemon.metrics())['xrayd_segments_unprocessed_total{code="InvalidName"}']).toBe(1);
  });
});

test('shows all recorded datagrams of real SDKs, or counts them as refused', async () => {
  const daemon = await local();
  await daemon.send(...DATAGRAMS.map(({ datagram }) => datagram));
  await eventually(async () => {
    const metrics = await daemon.metrics();
    const ends = ['sent_total', 'unprocessed_total{code="ParseError"}', 'rejected_total{reason="otlp"}'];
    return ends.reduce((sum, end) => sum + (metrics[`xrayd_segments_${end}`] ?? 0), 0) === DATAGRAMS.length;
  });
  const refused = DATAGRAMS.filter(({ document }) => document.toString() === 'None').length;
  expect((await daemon.metrics())['xrayd_segments_unprocessed_total{code="ParseError"}'] ?? 0).toBe(refused);
});

test('xrayd healthcheck exits with 0 while it runs, and with 1 otherwise', async () => {
  const daemon = await local();
  const address = daemon.httpUrl.slice('http://'.length);
  const check = (): DaemonProcess =>
    scope.spawn({ args: ['healthcheck', '--http-address', address], hasFreePorts: false });
  expect((await check().end()).code).toBe(0);
  await daemon.stop();
  expect((await check().end()).code).toBe(1);
});

test('connections that are closed at once are silent on both ports', async () => {
  const daemon = await local('-l', 'info');
  const before = daemon.log.length;
  const port = Number(new URL(daemon.tcpUrl).port);
  await new Promise<void>((done) => connect(port, '127.0.0.1', function (this: ReturnType<typeof connect>) { this.end(); }).on('close', () => done())); // prettier-ignore
  await daemon.send('');
  await eventually(async () => (await daemon.metrics())['xrayd_segments_rejected_total{reason="empty"}'] === 1);
  expect(daemon.log.length).toBe(before);
});

test('its first lines say that requests are sampled and segments are sent on, if they are', async () => {
  const aws = ['--endpoint', 'http://127.0.0.1:9', '--region', 'us-east-1'];
  const daemon = await local('--tee', ...aws, '--default-sampling', 'aws');
  expect(daemon.stdout).toContain('Requests are sampled as in a new AWS account, all segments are sent on to AWS.');
});

test('reports copies for AWS that are lost at shutdown as an error, and as an exit code if requested', async () => {
  const aws = [
    '--tee',
    '--endpoint',
    'http://127.0.0.1:9',
    '--region',
    'us-east-1',
    '--shutdown-timeout',
    '1',
    '--exit-on-loss',
  ];
  const daemon = await scope.daemon({ args: ['local', ...aws], env: EXAMPLE_KEYS });
  await daemon.send(HEADER + segment('orders'));
  await eventually(async () => (await daemon.metrics())['xrayd_segments_sent_total'] === 1);
  expect((await daemon.stop('SIGTERM')).code).toBe(3);
  expect(daemon.find(/^1 segments were stored locally but not forwarded to X-Ray/)).toMatchObject({
    level: 'error',
    sent: 0,
    lost: 1,
  });
});
