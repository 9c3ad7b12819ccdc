import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationName } from '../../../src/formats/xray/operations.ts';
import { LocalXRay, type Answered } from '../../fakes/local-xray.ts';

// What AWS answered to these requests in September 2026. Source: the recordings in github.com/radkawar/stackd,
// testdata/aws/xray at 9dc356f
// (group_edges, segments_and_policies, sampling_edges).
let local: LocalXRay;
beforeAll(async () => {
  local = await LocalXRay.start();
});
afterAll(() => local.stop());

const ask = (operation: OperationName, body: object): Promise<Answered> => local.ask(operation, body);

function refusal(status: number, type: string, body: object): object {
  return { status, type, json: body };
}

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'xray:PutTraceSegments', Resource: '*' }],
});

test('the revisions of a resource policy begin at 1, and a stale one is refused', async () => {
  const put = async (more: object = {}): Promise<Answered> =>
    ask('PutResourcePolicy', { PolicyName: 'a', PolicyDocument: POLICY, ...more });
  const revisionOf = ({ json }: Answered): unknown =>
    (json['ResourcePolicy'] as Record<string, unknown> | undefined)?.['PolicyRevisionId'];
  const modified = refusal(400, 'InvalidPolicyRevisionIdException', {
    Message: 'Another concurrent request has modified the resource policy a',
  });
  const deleted = (name: string): object =>
    refusal(400, 'InvalidPolicyRevisionIdException', {
      Message: `Another concurrent request has modified or deleted the resource policy ${name}`,
    });

  expect(await ask('DeleteResourcePolicy', { PolicyName: 'missing' })).toMatchObject(
    refusal(400, 'InvalidRequestException', { Message: 'The resource policy missing does not exist.' }),
  );
  expect(await ask('DeleteResourcePolicy', { PolicyName: 'missing', PolicyRevisionId: '1' })).toMatchObject(
    deleted('missing'),
  );
  expect(revisionOf(await put({ PolicyRevisionId: '0' }))).toBe('1');
  expect(await put({ PolicyRevisionId: '0' })).toMatchObject(modified);
  expect(revisionOf(await put({ PolicyRevisionId: '1' }))).toBe('2');
  expect(await put({ PolicyRevisionId: '1' })).toMatchObject(modified);
  expect(await ask('DeleteResourcePolicy', { PolicyName: 'a', PolicyRevisionId: '1' })).toMatchObject(deleted('a'));
  // The same document is an update too.
  expect(revisionOf(await put())).toBe('3');
  const last = await put();
  expect(revisionOf(last)).toBe('4');
  expect(last.text).toMatch(/"LastUpdatedTime":1\.\d{1,9}E9,/);
  expect(revisionOf(await put({ PolicyName: 'b' }))).toBe('1');
  expect(await put({ PolicyDocument: '{' })).toMatchObject(
    refusal(400, 'MalformedPolicyDocumentException', { Message: null }),
  );
  expect(await put({ PolicyName: 'a/b' })).toMatchObject(
    refusal(400, 'ValidationException', {
      message: String.raw`1 validation error detected: Value 'a/b' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`,
    }),
  );
  expect(await ask('ListResourcePolicies', { NextToken: 'x' })).toMatchObject(
    refusal(400, 'InvalidRequestException', { Message: 'NextToken is currently not supported' }),
  );
});

test('a group has an expression, also in an update that names none', async () => {
  const { json } = await ask('CreateGroup', { GroupName: 'g', FilterExpression: 'fault' });
  const { GroupARN } = json['Group'] as { GroupARN: string };
  const empty = refusal(400, 'InvalidRequestException', { Message: 'Filter Expression is empty' });
  for (const members of [
    {},
    { FilterExpression: '' },
    { FilterExpression: '   ' },
    { FilterExpression: null },
    { InsightsConfiguration: { InsightsEnabled: false, NotificationsEnabled: false } },
  ]) {
    expect(await ask('UpdateGroup', { GroupARN, ...members }), JSON.stringify(members)).toMatchObject(empty);
  }
  for (const FilterExpression of [undefined, '', '  '])
    expect(await ask('CreateGroup', { GroupName: 'h', FilterExpression })).toMatchObject(empty);
  const both = refusal(400, 'InvalidRequestException', { Message: 'Provide either GroupName or GroupARN' });
  for (const operation of ['GetGroup', 'UpdateGroup', 'DeleteGroup'] as const) {
    expect(await ask(operation, { GroupName: 'g', GroupARN, FilterExpression: 'fault' }), operation).toMatchObject(
      both,
    );
    expect(await ask(operation, { FilterExpression: 'fault' }), operation).toMatchObject(both);
  }
  expect(await ask('GetGroups', { NextToken: 'not-a-valid-token' })).toMatchObject(
    refusal(400, 'InvalidRequestException', { Message: 'Next Token not supported' }),
  );
});

test('refuses a missing resource with its ARN, and deletes the tags of a deleted group', async () => {
  const created = await ask('CreateGroup', {
    GroupName: 'tagged',
    FilterExpression: 'fault',
    Tags: [{ Key: 'email@owner', Value: 'a@b' }],
  });
  const { GroupARN: ResourceARN } = created.json['Group'] as { GroupARN: string };
  expect(await ask('ListTagsForResource', { ResourceARN, NextToken: 'any' })).toMatchObject({
    status: 200,
    text: '{"NextToken":null,"Tags":[{"Key":"email@owner","Value":"a@b"}]}',
  });
  await ask('DeleteGroup', { GroupARN: ResourceARN });
  const missing = refusal(404, 'ResourceNotFoundException', {
    Message: `Resource ${ResourceARN} not found`,
    ResourceName: ResourceARN,
  });
  expect(await ask('ListTagsForResource', { ResourceARN })).toMatchObject(missing);
  expect(await ask('TagResource', { ResourceARN, Tags: [] })).toMatchObject(missing);
  expect(await ask('UntagResource', { ResourceARN, TagKeys: [] })).toMatchObject(missing);
});

// Source: a recorded answer of X-Ray.
test('refuses a destination that is already set', async () => {
  expect(await ask('UpdateTraceSegmentDestination', { Destination: 'XRay' })).toMatchObject(
    refusal(400, 'InvalidRequestException', { Message: 'The destination is already set to XRay' }),
  );
  expect((await ask('UpdateTraceSegmentDestination', { Destination: 'CloudWatchLogs' })).json).toEqual({
    Destination: 'CloudWatchLogs',
    Status: 'PENDING',
  });
  expect(await ask('UpdateTraceSegmentDestination', { Destination: 'CloudWatchLogs' })).toMatchObject({
    status: 400,
    type: 'InvalidRequestException',
  });
  expect(await ask('UpdateTraceSegmentDestination', {})).toMatchObject({
    status: 400,
    type: 'InvalidRequestException',
  });
  expect((await ask('GetTraceSegmentDestination', {})).json['Destination']).toBe('CloudWatchLogs');
});

test('the boost of a sampling rule: accepts a rate of 0, fails like AWS at a cooldown of 0, and an update without one clears it', async () => {
  const rule = {
    Priority: 7123,
    FixedRate: 0.05,
    ReservoirSize: 2,
    Host: 'h',
    HTTPMethod: 'GET',
    ResourceARN: '*',
    ServiceName: 's',
    ServiceType: '*',
  };
  const boost = { MaxRate: 0.5, CooldownWindowMinutes: 1 };
  await ask('CreateSamplingRule', {
    SamplingRule: { ...rule, RuleName: 'r', URLPath: '/', Version: 1, SamplingRateBoost: boost },
  });
  const update = async (members: object): Promise<Answered> =>
    ask('UpdateSamplingRule', { SamplingRuleUpdate: { RuleName: 'r', ...members } });
  const failure = { status: 500, type: 'InternalFailure', text: '{"message":null}' };
  expect((await update({ SamplingRateBoost: { MaxRate: 0.01, CooldownWindowMinutes: 1 } })).status).toBe(200);
  expect((await update({ SamplingRateBoost: { MaxRate: 0, CooldownWindowMinutes: 1 } })).text).toContain(
    '"SamplingRateBoost":{"CooldownWindowMinutes":1,"MaxRate":0.0}',
  );
  for (const SamplingRateBoost of [
    { MaxRate: 0, CooldownWindowMinutes: 0 },
    { MaxRate: 0.5, CooldownWindowMinutes: 0 },
    {},
  ]) {
    expect(await update({ SamplingRateBoost }), JSON.stringify(SamplingRateBoost)).toMatchObject(failure);
  }
  expect((await update({ SamplingRateBoost: boost })).text).toContain('"MaxRate":0.5');
  expect((await update({})).text).not.toContain('SamplingRateBoost');
});

test('the first targets have no quota yet, and numbers have AWS’s form', async () => {
  const documents = [
    {
      RuleName: 'Default',
      ClientID: '0123456789abcdef01234567',
      Timestamp: 1790161554.2,
      RequestCount: 1,
      SampledCount: 1,
      BorrowCount: 0,
    },
  ];
  const { text } = await ask('GetSamplingTargets', { SamplingStatisticsDocuments: documents });
  expect(text).toMatch(
    /^\{"LastRuleModification":[\d.E]+,"SamplingTargetDocuments":\[\{"FixedRate":1\.0,"Interval":null,"ReservoirQuota":null,"ReservoirQuotaTTL":null,"RuleName":"Default"\}\],"UnprocessedBoostStatistics":\[\],"UnprocessedStatistics":\[\]\}$/,
  );
  expect(/"LastRuleModification":([\d.E]+),/.exec(text)?.[1]).toMatch(/E9$|^0\.0$/);
});

test('refuses a token of another operation, and an invented one', async () => {
  const { now } = local;
  const times = { StartTime: now - 60, EndTime: now + 60 };
  const { json } = await ask('StartTraceRetrieval', { TraceIds: [local.nextTraceId()], ...times });
  const { RetrievalToken } = json as { RetrievalToken: string };
  const foreign = ['x', '-1', '1.5', '0x10', '1e3', ' 1', Buffer.from('[1,2]').toString('base64url')];
  for (const NextToken of foreign) {
    for (const [operation, body] of [
      ['ListRetrievedTraces', { RetrievalToken }],
      ['GetRetrievedTracesGraph', { RetrievalToken }],
      ['GetInsightSummaries', times],
    ] as const) {
      expect(await ask(operation, { ...body, NextToken }), `${operation} ${NextToken}`).toMatchObject(
        refusal(400, 'InvalidRequestException', { Message: `Invalid token ${NextToken}` }),
      );
    }
  }
  for (const NextToken of [
    '',
    '1',
    'null',
    Buffer.from('[1,2,3]').toString('base64url'),
    Buffer.from('["a","b"]').toString('base64url'),
  ]) {
    expect(await ask('GetTraceSummaries', { ...times, NextToken }), NextToken).toMatchObject({
      status: 400,
      type: 'InvalidRequestException',
    });
  }
  expect(await ask('ListRetrievedTraces', { RetrievalToken: 'gone' })).toMatchObject({
    status: 404,
    type: 'ResourceNotFoundException',
  });
});

test('omits subsegments that are not a list, and refuses a document with an element that is not an object', async () => {
  const trace_id = local.nextTraceId();
  const base = Math.floor(local.now);
  const values = [{}, 'bad', 42, null, [], [null], [[]], [42]];
  const documents = values.map((subsegments, i) =>
    JSON.stringify({
      trace_id,
      id: `8a1ee70466bbef7${i}`,
      name: 'collections',
      start_time: base,
      end_time: base + 4,
      subsegments,
    }),
  );
  const { json } = await ask('PutTraceSegments', { TraceSegmentDocuments: documents });
  const { UnprocessedTraceSegments } = json as { UnprocessedTraceSegments: { Id: string }[] };
  expect(UnprocessedTraceSegments.map(({ Id }) => Id.at(-1))).toEqual(['5', '6', '7']);
  const traces = (await ask('BatchGetTraces', { TraceIds: [trace_id] })).json as {
    Traces: { Duration: number; Segments: { Document: string }[] }[];
  };
  expect(traces.Traces[0]).toMatchObject({ Duration: 4 });
  const members = traces.Traces[0]!.Segments.map(({ Document }) => Object.keys(JSON.parse(Document) as object).join());
  expect(members).toEqual(Array.from({ length: 5 }, () => 'id,name,start_time,trace_id,end_time'));
});

test('handles missing, null and mistyped members of a call', async () => {
  const missing = (member: string): object => ({
    message: `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  });
  expect((await ask('PutTraceSegments', {})).json).toEqual(missing('traceSegmentDocuments'));
  expect((await ask('PutTraceSegments', { TraceSegmentDocuments: null })).json).toEqual(
    missing('traceSegmentDocuments'),
  );
  expect((await ask('BatchGetTraces', {})).json).toEqual(missing('traceIds'));
  expect((await ask('BatchGetTraces', { TraceIds: [] })).json).toEqual({
    NextToken: null,
    Traces: [],
    UnprocessedTraceIds: [],
  });
  expect((await ask('PutTraceSegments', { TraceSegmentDocuments: [42] })).json).toEqual({
    Message: 'NUMBER_VALUE can not be converted to a String',
  });
});

// Source: time_series.json of the same recordings.
test('a time series accepts one service or edge without a condition, and no token', async () => {
  const times = { StartTime: local.now - 60, EndTime: local.now + 60 };
  const invalid = (Message: string): object => refusal(400, 'InvalidRequestException', { Message });
  for (const [EntitySelectorExpression, position, symbol] of [
    ['service("stackd-ts-9bdc7d2ea9-front") { fault }', 39, '{'],
    ['edge("a{", "b") {ok}', 17, '{'],
    ['id(name: "stackd-ts-9bdc7d2ea9-front")', 1, 'id'],
    ['id(0)', 1, 'id'],
  ]) {
    expect(
      await ask('GetTimeSeriesServiceStatistics', { ...times, EntitySelectorExpression }),
      `${EntitySelectorExpression}`,
    ).toMatchObject(invalid(`Error Location: line 1, position ${position} : Invalid input symbol: '${symbol}'`));
  }
  expect(await ask('GetTimeSeriesServiceStatistics', { ...times, NextToken: 'not-a-token' })).toMatchObject(
    invalid('Invalid token not-a-token'),
  );
  for (const Period of [0, 1, 61, 3_600]) {
    expect(await ask('GetTimeSeriesServiceStatistics', { ...times, Period })).toMatchObject(
      invalid('Time period must be one of [60, 300]'),
    );
  }
  expect((await ask('GetServiceGraph', { StartTime: 0, EndTime: 1 })).text).toHaveLength(97);
});
