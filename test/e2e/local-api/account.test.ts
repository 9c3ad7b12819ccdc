import * as xray from '@aws-sdk/client-xray';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalXRay } from '../../fakes/local-xray.ts';

// Every operation of X-Ray, called as its SDK calls it: what the SDK's parser misreads fails here.
let local: LocalXRay;
let client: xray.XRayClient;
let range: LocalXRay['range'];
beforeAll(async () => {
  local = await LocalXRay.start();
  ({ client, range } = local);
});
afterAll(() => local.stop());

test('groups, and filters that name them', async () => {
  await local.putTrace({ annotations: { team: 'a' }, user: 'alice' });
  const created = await client.send(
    new xray.CreateGroupCommand({
      GroupName: 'team-a',
      FilterExpression: 'annotation.team = "a"',
      Tags: [{ Key: 'k', Value: 'v' }],
    }),
  );
  const { GroupARN } = created.Group!;
  expect(GroupARN).toMatch(/^arn:aws:xray:eu-west-1:123456789012:group\/team-a\/[A-Z2-7]{52}$/);
  expect((await client.send(new xray.GetGroupCommand({ GroupARN }))).Group).toEqual(created.Group);
  expect((await client.send(new xray.GetGroupsCommand({}))).Groups!.map(({ GroupName }) => GroupName)).toEqual([
    'Default',
    'team-a',
  ]);
  const count = async (FilterExpression: string): Promise<number> =>
    (await client.send(new xray.GetTraceSummariesCommand({ ...range, FilterExpression }))).TraceSummaries!.length;
  expect(await count('group.name = "team-a" AND user = "alice"')).toBe(1);
  expect(await count('group.name = "none"')).toBe(0);
  expect(await count('user = "alice" AND group.name != "team-a"')).toBe(0);
  expect((await client.send(new xray.GetServiceGraphCommand({ ...range, GroupName: 'team-a' }))).Services).toHaveLength(
    4,
  );
  const updated = await client.send(
    new xray.UpdateGroupCommand({
      GroupName: 'team-a',
      FilterExpression: 'user = "bob"',
      InsightsConfiguration: { InsightsEnabled: true },
    }),
  );
  expect(updated.Group).toMatchObject({
    FilterExpression: 'user = "bob"',
    InsightsConfiguration: { InsightsEnabled: true, NotificationsEnabled: false },
  });
  expect(
    (await client.send(new xray.GetServiceGraphCommand({ ...range, GroupName: 'team-a' }))).ContainsOldGroupVersions,
  ).toBe(true);
  expect(await local.errorOf(new xray.CreateGroupCommand({ GroupName: 'team-a', FilterExpression: 'ok' }))).toEqual([
    'InvalidRequestException',
    'team-a already exists',
  ]);
  expect((await local.errorOf(new xray.CreateGroupCommand({ GroupName: 'b', FilterExpression: '' })))[1]).toBe(
    'Filter Expression is empty',
  );
  expect((await local.errorOf(new xray.GetGroupCommand({ GroupName: 'gone' })))[1]).toBe('Group not found');
  expect((await local.errorOf(new xray.GetGroupCommand({})))[1]).toBe('Provide either GroupName or GroupARN');
  expect((await local.errorOf(new xray.GetGroupsCommand({ NextToken: 'x' })))[1]).toBe('Next Token not supported');
  await client.send(new xray.DeleteGroupCommand({ GroupName: 'team-a' }));
  expect((await client.send(new xray.GetGroupsCommand({}))).Groups).toHaveLength(1);
});

test('has no insights without faults', async () => {
  expect(
    (await client.send(new xray.GetInsightSummariesCommand({ ...range, GroupName: 'Default' }))).InsightSummaries,
  ).toEqual([]);
  const InsightId = '12345678-1234-4234-8234-123456789012';
  for (const command of [
    new xray.GetInsightCommand({ InsightId }),
    new xray.GetInsightEventsCommand({ InsightId }),
    new xray.GetInsightImpactGraphCommand({ InsightId, ...range }),
  ]) {
    expect((await local.errorOf(command))[0]).toBe('InvalidRequestException');
  }
});

test('sampling rules: create, update, delete, and refusals', async () => {
  const rule: xray.SamplingRule = {
    RuleName: 'checkout',
    ResourceARN: '*',
    Priority: 10,
    FixedRate: 0.5,
    ReservoirSize: 5,
    ServiceName: 'web',
    ServiceType: '*',
    Host: '*',
    HTTPMethod: 'POST',
    URLPath: '/checkout',
    Version: 1,
    SamplingRateBoost: { MaxRate: 1, CooldownWindowMinutes: 10 },
  };
  const create = (members: Partial<xray.SamplingRule>): xray.CreateSamplingRuleCommand =>
    new xray.CreateSamplingRuleCommand({ SamplingRule: { ...rule, ...members } });
  const { SamplingRuleRecord } = await client.send(create({}));
  expect(SamplingRuleRecord).toMatchObject({
    SamplingRule: { ...rule, RuleARN: 'arn:aws:xray:eu-west-1:123456789012:sampling-rule/checkout' },
    CreatedAt: expect.any(Date) as Date,
  });
  expect(await local.errorOf(create({}))).toEqual(['InvalidRequestException', 'Sampling rule already exists']);
  expect(await local.errorOf(create({ RuleName: 'x', Priority: 0 }))).toEqual([
    'ValidationException',
    "1 validation error detected: Value '0' at 'samplingRule.priority' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ]);
  expect((await local.errorOf(create({ RuleName: 'x', Version: 2 })))[1]).toBe('Sampling rule version must be 1');
  const byArn = await client.send(
    create({ RuleName: undefined, RuleARN: 'arn:aws:xray:eu-west-1:123456789012:sampling-rule/by-arn' }),
  );
  expect(byArn.SamplingRuleRecord!.SamplingRule!.RuleName).toBe('by-arn');
  const names = (
    await client.send(new xray.GetSamplingRulesCommand({ NextToken: 'ignored' }))
  ).SamplingRuleRecords!.map((record) => record.SamplingRule!.RuleName);
  expect(names).toEqual(['by-arn', 'checkout', 'Default']);
  const updated = await client.send(
    new xray.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'checkout', FixedRate: 0.1 } }),
  );
  expect(updated.SamplingRuleRecord!.SamplingRule).toMatchObject({ FixedRate: 0.1, ReservoirSize: 5 });
  expect(updated.SamplingRuleRecord!.SamplingRule!.SamplingRateBoost).toBeUndefined();
  expect(
    (
      await local.errorOf(
        new xray.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'Default', Host: 'x' } }),
      )
    )[1],
  ).toBe('Invalid update request for sampling rule');
  expect((await local.errorOf(new xray.UpdateSamplingRuleCommand({ SamplingRuleUpdate: {} })))[1]).toBe(
    'Request must contain either sampling rule name or sampling rule ARN',
  );
  expect((await local.errorOf(new xray.DeleteSamplingRuleCommand({ RuleName: 'gone' })))[1]).toBe(
    'Sampling rule does not exist',
  );
  const statistics = {
    RuleName: 'checkout',
    ClientID: 'abcdef1234567890abcdef10',
    Timestamp: new Date(),
    RequestCount: 10,
    SampledCount: 3,
    BorrowCount: 1,
  };
  const targets = await client.send(
    new xray.GetSamplingTargetsCommand({
      SamplingStatisticsDocuments: [statistics, { ...statistics, RuleName: 'gone' }],
    }),
  );
  expect(targets.SamplingTargetDocuments).toMatchObject([{ RuleName: 'checkout', FixedRate: 0.1 }]);
  expect(targets.UnprocessedStatistics).toEqual([{ RuleName: 'gone', ErrorCode: '400', Message: 'Unknown rule' }]);
  expect(targets.LastRuleModification!.getTime()).toBeGreaterThan(local.now * 1000 - 2_000);
  for (const RuleName of ['checkout', 'by-arn']) await client.send(new xray.DeleteSamplingRuleCommand({ RuleName }));
  for (let i = 0; i < 25; i++) await client.send(create({ RuleName: `rule-${i}` }));
  expect((await local.errorOf(create({ RuleName: 'one-too-many' })))[0]).toBe('RuleLimitExceededException');
  for (let i = 0; i < 25; i++) await client.send(new xray.DeleteSamplingRuleCommand({ RuleName: `rule-${i}` }));
});

test('tags', async () => {
  const ResourceARN = 'arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default';
  await client.send(
    new xray.TagResourceCommand({
      ResourceARN,
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: '@x', Value: '' },
      ],
    }),
  );
  await client.send(new xray.UntagResourceCommand({ ResourceARN, TagKeys: ['@x'] }));
  expect((await client.send(new xray.ListTagsForResourceCommand({ ResourceARN }))).Tags).toEqual([
    { Key: 'team', Value: 'a' },
  ]);
  const tag = (Tags: xray.Tag[], arn = ResourceARN): Promise<[string, string]> =>
    local.errorOf(new xray.TagResourceCommand({ ResourceARN: arn, Tags }));
  expect((await tag([{ Key: 'k', Value: 'v' }], 'arn:none'))[0]).toBe('ResourceNotFoundException');
  expect(
    (
      await tag([
        { Key: 'k', Value: '1' },
        { Key: 'k', Value: '2' },
      ])
    )[0],
  ).toBe('InternalFailure');
  const twice = [
    { Key: 'k', Value: '1' },
    { Key: 'k', Value: '2' },
  ];
  expect(
    await local.errorOf(new xray.CreateGroupCommand({ GroupName: 'twice', FilterExpression: 'ok', Tags: twice })),
  ).toEqual(['InvalidRequestException', 'Tag keys must be unique']);
  expect((await tag([{ Key: 'aws:x', Value: '1' }]))[1]).toBe(
    'Caller is an end user and not allowed to mutate system tags',
  );
  expect(await tag(Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' })))).toEqual([
    'TooManyTagsException',
    'The resultant tag set must not have more than 50 user tags.',
  ]);
});

test('encryption, destination, indexing rules and resource policies', async () => {
  expect((await client.send(new xray.GetEncryptionConfigCommand({}))).EncryptionConfig).toEqual({
    KeyId: undefined,
    Status: 'ACTIVE',
    Type: 'NONE',
  });
  expect(
    (await client.send(new xray.PutEncryptionConfigCommand({ Type: 'KMS', KeyId: 'alias/x' }))).EncryptionConfig,
  ).toMatchObject({
    Status: 'UPDATING',
  });
  expect((await client.send(new xray.GetEncryptionConfigCommand({}))).EncryptionConfig).toEqual({
    KeyId: 'alias/x',
    Status: 'ACTIVE',
    Type: 'KMS',
  });
  expect(await client.send(new xray.GetTraceSegmentDestinationCommand({}))).toMatchObject({
    Destination: 'XRay',
    Status: 'ACTIVE',
  });
  expect(
    await client.send(new xray.UpdateTraceSegmentDestinationCommand({ Destination: 'CloudWatchLogs' })),
  ).toMatchObject({ Status: 'PENDING' });
  const Rule = { Probabilistic: { DesiredSamplingPercentage: 12.5 } };
  expect(
    (await client.send(new xray.UpdateIndexingRuleCommand({ Name: 'Default', Rule }))).IndexingRule!.Rule!
      .Probabilistic,
  ).toMatchObject({
    DesiredSamplingPercentage: 12.5,
  });
  expect((await client.send(new xray.GetIndexingRulesCommand({}))).IndexingRules).toHaveLength(1);
  const policy = { PolicyName: 'p', PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' };
  const put = (members: object): xray.PutResourcePolicyCommand =>
    new xray.PutResourcePolicyCommand({ ...policy, ...members });
  for (const revision of ['1', '2', '3'])
    expect((await client.send(put({}))).ResourcePolicy!.PolicyRevisionId).toBe(revision);
  expect(await local.errorOf(put({ PolicyRevisionId: '1' }))).toEqual([
    'InvalidPolicyRevisionIdException',
    'Another concurrent request has modified the resource policy p',
  ]);
  expect((await local.errorOf(put({ PolicyDocument: 'x' })))[0]).toBe('MalformedPolicyDocumentException');
  expect((await client.send(new xray.ListResourcePoliciesCommand({}))).ResourcePolicies).toHaveLength(1);
  await client.send(new xray.DeleteResourcePolicyCommand({ PolicyName: 'p' }));
  expect((await client.send(new xray.ListResourcePoliciesCommand({}))).ResourcePolicies).toEqual([]);
});

test('trace retrieval works on the local store', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) ids.push(await local.putTrace());
  const { RetrievalToken } = await client.send(new xray.StartTraceRetrievalCommand({ TraceIds: ids, ...range }));
  const first = await client.send(new xray.ListRetrievedTracesCommand({ RetrievalToken }));
  expect(first).toMatchObject({ RetrievalStatus: 'COMPLETE', TraceFormat: 'XRAY' });
  expect(first.Traces).toHaveLength(5);
  expect(JSON.parse(first.Traces![0]!.Spans![0]!.Document!)).toMatchObject({ name: 'web' });
  const second = await client.send(
    new xray.ListRetrievedTracesCommand({ RetrievalToken, NextToken: first.NextToken! }),
  );
  expect([second.Traces!.length, second.NextToken]).toEqual([2, undefined]);
  expect((await client.send(new xray.GetRetrievedTracesGraphCommand({ RetrievalToken }))).Services).toHaveLength(4);
  await client.send(new xray.CancelTraceRetrievalCommand({ RetrievalToken }));
  expect(await client.send(new xray.ListRetrievedTracesCommand({ RetrievalToken }))).toMatchObject({
    RetrievalStatus: 'CANCELLED',
    Traces: [],
  });
  expect((await local.errorOf(new xray.ListRetrievedTracesCommand({ RetrievalToken: 'none' })))[0]).toBe(
    'ResourceNotFoundException',
  );
});

test('answers every operation of the SDK', async () => {
  const commands = Object.keys(xray).filter((name) => name.endsWith('Command') && name !== '$Command');
  expect(commands).toHaveLength(38);
  for (const name of commands) {
    const Command = Reflect.get(xray, name) as typeof xray.GetGroupsCommand;
    const answer = await client.send(new Command({})).catch((error: Error) => error);
    const problem =
      answer instanceof Error &&
      !/^(ValidationException|InvalidRequestException|ResourceNotFoundException)$/.test(answer.name);
    expect(problem ? `${name}: ${String(answer)}` : '').toBe('');
  }
});
