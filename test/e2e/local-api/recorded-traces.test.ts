import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATIONS, type OperationName } from '../../../src/formats/xray/operations.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';

// What AWS answered of these traces in September 2026. Source: the recordings in github.com/radkawar/stackd,
// testdata/aws/xray at 9dc356f (trace_queries,
// trace_aggregate_edges, time_series_west, time_series_settled).
let local: LocalXRay;
beforeAll(async () => {
  local = await LocalXRay.start();
});
afterAll(() => local.stop());

type Answer = Record<string, unknown>;

async function ask(operation: OperationName, body: object): Promise<{ text: string; json: Answer }> {
  const answer = await fetch(local.daemon.tcpUrl + OPERATIONS[operation].path, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { text, json: JSON.parse(text) as Answer };
}

async function put(...documents: object[]): Promise<void> {
  const { json } = await ask('PutTraceSegments', {
    TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)),
  });
  expect(json).toEqual({ UnprocessedTraceSegments: [] });
}

/** A second of its own for each trace, so that ranges hold no other. */
let seconds = 0;
const nextSecond = (): number => Math.floor(local.now) - 3_600 + 10 * seconds++;

const count = (kind: 'ok' | 'throttle' | 'fault', seconds: number): object => ({
  OkCount: kind === 'ok' ? 1 : 0,
  ErrorStatistics: {
    ThrottleCount: kind === 'throttle' ? 1 : 0,
    OtherCount: 0,
    TotalCount: kind === 'throttle' ? 1 : 0,
  },
  FaultStatistics: { OtherCount: kind === 'fault' ? 1 : 0, TotalCount: kind === 'fault' ? 1 : 0 },
  TotalCount: 1,
  TotalResponseTime: seconds,
});
const times = (seconds: number): object => ({ DurationHistogram: took(seconds), ResponseTimeHistogram: took(seconds) });
const took = (seconds: number): object[] => [{ Value: seconds, Count: 1 }];
const service = (Name: string, Type: string | null): object => ({ Name, Names: [Name], Type, AccountId: null });

test('a caller that handles a callee’s failure, which a throttled database caused', async () => {
  const base = nextSecond();
  const trace_id = local.nextTraceId();
  const owner = `owner-${trace_id}`;
  const ec2 = { instance_id: 'i-0123456789abcdef0', availability_zone: 'us-west-2a' };
  const back = { name: 'back', http: { response: { status: 503 } }, fault: true };
  await put(
    {
      trace_id,
      id: '939cbee7375fea64',
      name: 'front',
      start_time: base,
      end_time: base + 2,
      http: {
        request: { method: 'GET', url: 'https://x/api', user_agent: 'probe/1', client_ip: '192.0.2.17' },
        response: { status: 200 },
      },
      annotations: { owner, rank: 0, enabled: true },
      user: 'front-user',
      aws: { account_id: '123456789012', ec2 },
      subsegments: [
        { id: 'a74368500215560a', name: 'local-work', start_time: base + 0.1, end_time: base + 0.2 },
        { ...back, id: 'ddfb8eb6e40c9405', namespace: 'remote', start_time: base + 0.25, end_time: base + 1.75 },
      ],
    },
    {
      ...back,
      trace_id,
      id: '7610bed6fab6fe48',
      parent_id: 'ddfb8eb6e40c9405',
      start_time: base + 0.5,
      end_time: base + 7,
      cause: {
        exceptions: [
          {
            id: '6307bfa7173c9aee',
            message: 'owned downstream failure',
            type: 'OwnedFailure',
            remote: false,
            stack: [],
          },
        ],
      },
      annotations: { owner, backend: true },
      user: 'back-user',
    },
    {
      trace_id,
      id: '09fe1d52a30cb6af',
      parent_id: '7610bed6fab6fe48',
      type: 'subsegment',
      name: 'database',
      namespace: 'aws',
      start_time: base + 1,
      end_time: base + 6,
      aws: { operation: 'GetItem', region: 'us-west-2', table_name: 't', resource_names: ['t'] },
      http: { response: { status: 429 } },
      error: true,
      throttle: true,
    },
  );
  const query = { StartTime: base - 1, EndTime: base + 1, FilterExpression: `annotation.owner = "${owner}"` };
  const { json } = await ask('GetTraceSummaries', query);
  const text = (value: string): object => ({
    AnnotationValue: { NumberValue: null, BooleanValue: null, StringValue: value },
    ServiceIds: null,
  });
  const flag = (value: boolean): object => ({
    AnnotationValue: { NumberValue: null, BooleanValue: value, StringValue: null },
    ServiceIds: null,
  });
  expect(json['TraceSummaries']).toEqual([
    {
      Annotations: {
        backend: [flag(true)],
        enabled: [flag(true)],
        owner: [text(owner)],
        rank: [{ AnnotationValue: { NumberValue: 0, BooleanValue: null, StringValue: null }, ServiceIds: null }],
      },
      AvailabilityZones: [{ Name: 'us-west-2a' }],
      Duration: 7,
      EntryPoint: service('front', null),
      ErrorRootCauses: [
        {
          ClientImpacting: false,
          Services: [
            {
              ...service('database', 'AWS::database'),
              Inferred: true,
              EntityPath: [{ Name: 'database', Exceptions: [], Remote: false }],
            },
          ],
        },
      ],
      FaultRootCauses: [
        {
          ClientImpacting: false,
          Services: [
            {
              ...service('back', ''),
              Inferred: false,
              EntityPath: [
                {
                  Name: 'back',
                  Exceptions: [{ Name: 'OwnedFailure', Message: 'owned downstream failure' }],
                  Remote: false,
                },
              ],
            },
          ],
        },
      ],
      HasError: false,
      HasFault: false,
      HasThrottle: false,
      Http: {
        ClientIp: '192.0.2.17',
        HttpMethod: 'GET',
        HttpStatus: 200,
        HttpURL: 'https://x/api',
        UserAgent: 'probe/1',
      },
      Id: trace_id,
      InstanceIds: [{ Id: 'i-0123456789abcdef0' }],
      IsPartial: false,
      MatchedEdge: null,
      MatchedEventTime: null,
      MatchedService: null,
      ResourceARNs: [],
      ResponseTime: 2,
      ResponseTimeRootCauses: [
        {
          ClientImpacting: true,
          Services: [
            {
              ...service('front', ''),
              Inferred: false,
              EntityPath: [
                { Name: 'front', Coverage: 1, Remote: false },
                { Name: 'back', Coverage: 0.75, Remote: true },
              ],
            },
          ],
        },
      ],
      Revision: 1,
      // AWS gives them in any order.
      ServiceIds: expect.arrayContaining([
        service('front', null),
        service('front', 'client'),
        service('back', null),
        service('database', 'AWS::database'),
      ]) as unknown,
      StartTime: base,
      Users: [
        { UserName: 'front-user', ServiceIds: null },
        { UserName: 'back-user', ServiceIds: null },
      ],
    },
  ]);
  const node = { StartTime: null, EndTime: null, HostedIn: null, KeyAttributes: null, Region: null, Root: null };
  const edge = { StartTime: null, EndTime: null, Aliases: [] };
  expect((await ask('GetTraceGraph', { TraceIds: [trace_id] })).json).toEqual({
    NextToken: null,
    Services: [
      {
        ...node,
        ...service('back', null),
        ...times(6.5),
        ReferenceId: 0,
        State: 'active',
        SummaryStatistics: count('fault', 6.5),
        Edges: [{ ...edge, ReferenceId: 1, SummaryStatistics: count('throttle', 5), ResponseTimeHistogram: took(5) }],
      },
      {
        ...node,
        ...service('database', 'AWS::database'),
        ...times(5),
        ReferenceId: 1,
        State: 'unknown',
        Region: 'us-west-2',
        SummaryStatistics: count('throttle', 5),
        Edges: [],
      },
      {
        ...node,
        ...service('front', null),
        ...times(2),
        ReferenceId: 2,
        Root: true,
        State: 'active',
        SummaryStatistics: count('ok', 2),
        Edges: [
          {
            ...edge,
            ReferenceId: 0,
            SummaryStatistics: count('fault', 1.5),
            ResponseTimeHistogram: took(1.5),
            Aliases: [{ Name: 'back', Names: ['back'], Type: 'remote' }],
          },
        ],
      },
      {
        ...node,
        ...service('front', 'client'),
        ReferenceId: 3,
        State: 'unknown',
        SummaryStatistics: null,
        DurationHistogram: null,
        ResponseTimeHistogram: null,
        Edges: [{ ...edge, ReferenceId: 2, SummaryStatistics: count('ok', 2), ResponseTimeHistogram: took(2) }],
      },
    ],
  });
});

test('names the account of a segment if it differs from the receiving account', async () => {
  const base = nextSecond();
  const segment = (account_id: string): object => ({
    trace_id: local.nextTraceId(),
    id: '939cbee7375fea64',
    name: 'accounts',
    start_time: base,
    end_time: base + 1,
    aws: { account_id },
  });
  await put(segment('123456789012'), segment('222222222222'));
  const accounts = async (selector: string): Promise<unknown[]> => {
    const query = { StartTime: base, EndTime: base + 1, FilterExpression: `service(id(${selector}))` };
    const { TraceSummaries } = (await ask('GetTraceSummaries', query)).json as {
      TraceSummaries: { EntryPoint: { AccountId: unknown } }[];
    };
    return TraceSummaries.map(({ EntryPoint }) => EntryPoint.AccountId);
  };
  expect(new Set(await accounts('name: "accounts"'))).toEqual(new Set(['222222222222', null]));
  expect(await accounts('account.id: "123456789012"')).toEqual([null]);
  expect(await accounts('account.id: "333333333333"')).toEqual([]);
});

test('times of matches and pages are whole seconds, and a graph’s times are those in which its traces began', async () => {
  const base = nextSecond();
  const trace = (start: number): object => ({
    trace_id: local.nextTraceId(),
    id: 'c90d09abd56c4769',
    name: 'seconds',
    start_time: start,
    end_time: start + 1.25,
  });
  await put(trace(base), trace(base + 4.8));
  const range = { StartTime: local.now - 60.25, EndTime: local.now + 600 };
  for (const TimeRangeType of ['Event', 'Service']) {
    const { text, json } = await ask('GetTraceSummaries', {
      ...range,
      TimeRangeType,
      FilterExpression: 'service("seconds")',
    });
    const { TraceSummaries } = json as { TraceSummaries: { MatchedEventTime: number }[] };
    expect(TraceSummaries.map(({ MatchedEventTime }) => MatchedEventTime % 1)).toEqual([0, 0]);
    expect(json['ApproximateTime']).toBe(Math.floor(local.now - 60.25) - (TimeRangeType === 'Service' ? 60 : 0));
    expect(text).toMatch(/"MatchedEventTime":1\.\d{1,9}E9,/);
  }
  await ask('CreateGroup', { GroupName: 'seconds', FilterExpression: 'service("seconds")' });
  const { json } = await ask('GetServiceGraph', { ...range, GroupName: 'seconds' });
  const bounds = { StartTime: base, EndTime: base + 5 };
  expect(json).toMatchObject({
    StartTime: base,
    EndTime: base + 4,
    Services: [bounds, { ...bounds, Edges: [bounds] }],
  });
});

test('the range of a time series counts in whole seconds', async () => {
  await local.putTrace({ name: 'series' });
  const ask60 = async (StartTime: number, EndTime: number): Promise<{ Timestamp: number }[]> => {
    const { json } = await ask('GetTimeSeriesServiceStatistics', {
      StartTime,
      EndTime,
      EntitySelectorExpression: 'service("series")',
    });
    return json['TimeSeriesServiceStatistics'] as { Timestamp: number }[];
  };
  const [{ Timestamp: end }] = (await ask60(local.now - 60, local.now + 600)) as [{ Timestamp: number }];
  expect(await ask60(end, end + 1)).toHaveLength(1);
  expect(await ask60(end - 59, end + 1)).toHaveLength(1);
  for (const [from, to] of [
    [end, end],
    [end - 0.5, end + 0.5],
    [end + 0.9, end + 1],
  ] as const) {
    expect(await ask60(from, to), `${from - end}`).toHaveLength(from > end ? 1 : 0);
  }
});
