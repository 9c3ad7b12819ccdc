import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationName } from '../../../src/formats/xray/operations.ts';
import { segmentJson } from '../../fakes/traces.ts';
import { LocalXRay, type Answered } from '../../fakes/local-xray.ts';
import { RULE_FOR_ALL } from '../../fakes/sampling-rule.ts';

// What is answered with 200 is what was sent; what cannot be kept as it was sent is refused.
let local: LocalXRay;
beforeAll(async () => {
  local = await LocalXRay.start();
});
afterAll(() => local.stop());

const ask = (operation: OperationName, body: object): Promise<Answered> => local.ask(operation, body);

const RULES = 'arn:aws:xray:eu-west-1:123456789012:sampling-rule';
const INT = 2 ** 31 - 1;

test('keeps the attributes of a sampling rule, in the list too, and after an update without them', async () => {
  const Attributes = { tier: 'gold', ['k'.repeat(32)]: 'v'.repeat(32), constructor: 'x', A: 'b', é: 'ü' };
  const created = await ask('CreateSamplingRule', {
    SamplingRule: { ...RULE_FOR_ALL, RuleName: 'attributes', Attributes },
  });
  expect(created.json).toMatchObject({ SamplingRuleRecord: { SamplingRule: { Attributes } } });
  const updated = await ask('UpdateSamplingRule', { SamplingRuleUpdate: { RuleName: 'attributes', Host: 'x' } });
  expect(updated.json).toMatchObject({ SamplingRuleRecord: { SamplingRule: { Attributes, Host: 'x' } } });
  const changed = await ask('UpdateSamplingRule', {
    SamplingRuleUpdate: { RuleName: 'attributes', Attributes: { a: 'b' } },
  });
  expect(changed.json).toMatchObject({ SamplingRuleRecord: { SamplingRule: { Attributes: { a: 'b' } } } });
  const { SamplingRuleRecords } = (await ask('GetSamplingRules', {})).json as {
    SamplingRuleRecords: { SamplingRule: object }[];
  };
  expect(SamplingRuleRecords[0]!.SamplingRule).toMatchObject({ RuleName: 'attributes', Attributes: { a: 'b' } });
});

test.each<[object, string, string]>([
  [{ Attributes: { a: 1 } }, 'SerializationException', 'NUMBER_VALUE can not be converted to a String'],
  [{ Attributes: { a: {} } }, 'SerializationException', 'wrong type'],
  [
    { Attributes: { a: '' } },
    'ValidationException',
    "1 validation error detected: Value '' at 'samplingRule.attributes.a'",
  ],
  [{ Attributes: { a: 'x'.repeat(33) } }, 'ValidationException', '1 validation error'],
  [
    { Attributes: { '': 'x' } },
    'ValidationException',
    "1 validation error detected: Value '' at 'samplingRule.attributes' failed to satisfy constraint: Map keys",
  ],
  [
    { Attributes: { ['x'.repeat(33)]: 'x' } },
    'ValidationException',
    'Map keys must satisfy constraint: [Member must have length less than or equal to 32]',
  ],
  [
    { Attributes: { a: 'x', b: 'x', c: 'x', d: 'x', e: 'x', f: 'x' } },
    'ValidationException',
    'length less than or equal to 5',
  ],
  [{ ReservoirSize: INT + 1 }, 'ValidationException', `less than or equal to ${INT}`],
  [
    { SamplingRateBoost: { MaxRate: 1, CooldownWindowMinutes: INT + 1 } },
    'ValidationException',
    `less than or equal to ${INT}`,
  ],
  [{ RuleName: undefined, RuleARN: '' }, 'InvalidRequestException', 'Invalid sampling rule ARN'],
  [{ RuleName: undefined, RuleARN: 'by-name' }, 'InvalidRequestException', 'Invalid sampling rule ARN'],
  [{ RuleName: undefined, RuleARN: `${RULES}/` }, 'InvalidRequestException', 'Invalid sampling rule ARN'],
  [
    { RuleName: undefined, RuleARN: `${RULES.replace('eu-west-1', 'us-east-1')}/x` },
    'InvalidRequestException',
    'Invalid sampling rule ARN',
  ],
  [
    { RuleName: undefined, RuleARN: `${RULES.replace('123456789012', '210987654321')}/x` },
    'InvalidRequestException',
    'Invalid sampling rule ARN',
  ],
  [
    { RuleName: undefined, RuleARN: 'arn:aws:xray:eu-west-1:123456789012:group/x' },
    'InvalidRequestException',
    'Invalid sampling rule ARN',
  ],
])('refuses a sampling rule with %j', async (members, type, message) => {
  const {
    status,
    type: given,
    text,
  } = await ask('CreateSamplingRule', { SamplingRule: { ...RULE_FOR_ALL, RuleName: 'refused', ...members } });
  expect([status, given], text).toEqual([400, type]);
  expect(text).toContain(message);
  expect((await ask('GetSamplingRules', {})).text).not.toContain('refused');
});

test('notifications of a group need insights, and are turned off with them', async () => {
  const insights = (InsightsEnabled?: boolean, NotificationsEnabled?: boolean): object => ({
    InsightsEnabled,
    NotificationsEnabled,
  });
  const create = (InsightsConfiguration: object): Promise<Answered> =>
    ask('CreateGroup', { GroupName: 'notified', FilterExpression: 'fault', InsightsConfiguration });
  for (const configuration of [insights(false, true), insights(undefined, true)])
    expect(await create(configuration)).toMatchObject({ status: 400, type: 'InvalidRequestException' });
  expect((await create(insights(true, true))).json).toMatchObject({
    Group: { InsightsConfiguration: insights(true, true) },
  });
  const update = { GroupName: 'notified', FilterExpression: 'fault' };
  const off = await ask('UpdateGroup', { ...update, InsightsConfiguration: { InsightsEnabled: false } });
  expect(off.json).toMatchObject({ Group: { InsightsConfiguration: insights(false, false) } });
  expect((await ask('UpdateGroup', { ...update, InsightsConfiguration: { NotificationsEnabled: true } })).status).toBe(
    400,
  );
});

test('a token is valid only for the request that it was issued for', async () => {
  const { now } = local;
  const ids = Array.from({ length: 12 }, () => local.nextTraceId());
  const documents = Array.from({ length: 102 }, (_, i) =>
    JSON.stringify(segmentJson('web', { trace_id: ids[i] ?? local.nextTraceId() })),
  );
  for (let at = 0; at < documents.length; at += 50)
    await ask('PutTraceSegments', { TraceSegmentDocuments: documents.slice(at, at + 50) });
  const range = { StartTime: 0, EndTime: 2e9 };
  const first = await ask('GetTraceSummaries', range);
  const NextToken = first.json['NextToken'] as string;
  expect((await ask('GetTraceSummaries', { ...range, NextToken })).json['TraceSummaries']).toHaveLength(2);
  expect((await ask('GetTraceSummaries', { ...range, StartTime: 1, NextToken })).status).toBe(200);
  for (const other of [{ FilterExpression: 'ok' }, { TimeRangeType: 'Event' }])
    expect(await ask('GetTraceSummaries', { ...range, ...other, NextToken })).toMatchObject({
      status: 400,
      json: { Message: `Invalid token ${NextToken}` },
    });
  const retrieve = async (): Promise<string> =>
    (await ask('StartTraceRetrieval', { TraceIds: ids, StartTime: now - 60, EndTime: now + 60 })).json[
      'RetrievalToken'
    ] as string;
  const [one, another] = [await retrieve(), await retrieve()];
  const page = await ask('ListRetrievedTraces', { RetrievalToken: one });
  const traces = page.json['NextToken'] as string;
  expect(await ask('ListRetrievedTraces', { RetrievalToken: one, NextToken: traces })).toMatchObject({ status: 200 });
  for (const [operation, RetrievalToken] of [
    ['ListRetrievedTraces', another],
    ['GetRetrievedTracesGraph', one],
  ] as const)
    expect(await ask(operation, { RetrievalToken, NextToken: traces })).toMatchObject({
      status: 400,
      json: { Message: `Invalid token ${traces}` },
    });
});

test('the graph of a retrieved trace writes doubles like every graph', async () => {
  const document = segmentJson('whole', {
    trace_id: local.nextTraceId(),
    start_time: local.now,
    end_time: local.now + 1,
  });
  await ask('PutTraceSegments', { TraceSegmentDocuments: [JSON.stringify(document)] });
  const TraceIds = [document['trace_id']];
  const { RetrievalToken } = (await ask('StartTraceRetrieval', { TraceIds, StartTime: 0, EndTime: 2e9 })).json;
  const nodes = (text: string): string[] =>
    text.match(/"(DurationHistogram|SummaryStatistics)":(\[.*?\]|\{.*?\}(?=,"T))/g) ?? [];
  const expected = nodes((await ask('GetTraceGraph', { TraceIds })).text);
  expect(expected.join(' ')).toContain('"Value":1.0');
  expect(nodes((await ask('GetRetrievedTracesGraph', { RetrievalToken })).text)).toEqual(expected);
});
