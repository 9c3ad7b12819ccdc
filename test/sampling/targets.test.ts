import { expect, test } from 'vitest';
import { awsJson } from '../../src/json/aws-json.ts';
import { isLike, ruleFor, type SamplingRule } from '../../src/sampling/rule.ts';
import { SamplingTargets } from '../../src/sampling/targets.ts';

/** A multiple of ten seconds. */
const NOW = 1_790_000_000;

function rule(members: Partial<SamplingRule> = {}): SamplingRule {
  const any = {
    ResourceARN: '*',
    ServiceName: '*',
    ServiceType: '*',
    Host: '*',
    HTTPMethod: '*',
    URLPath: '*',
    Attributes: {},
    Version: 1,
  };
  return { RuleName: 'r', RuleARN: 'arn', Priority: 1, FixedRate: 0.1, ReservoirSize: 5, ...any, ...members };
}

interface Answer {
  readonly SamplingTargetDocuments: Record<string, unknown>[];
  readonly UnprocessedStatistics: unknown[];
  readonly UnprocessedBoostStatistics: unknown[];
}

/** As a client reads it. */
function sent(answer: object): unknown {
  return JSON.parse(awsJson(answer));
}

function report(
  targets: SamplingTargets,
  client: string,
  now: number,
  members: object = {},
  rules = [rule()],
  steadyNow = now,
): Answer {
  const document = {
    RuleName: 'r',
    ClientID: client.padEnd(24, '0'),
    Timestamp: now,
    RequestCount: 10,
    SampledCount: 3,
    BorrowCount: 1,
    ...members,
  };
  return sent(
    targets.answer({ SamplingStatisticsDocuments: [document] }, rules, NOW - 5, { now, steadyNow }),
  ) as Answer;
}

test('a client borrows until a window has closed, and then gets a quota for five minutes', () => {
  const targets = new SamplingTargets();
  expect(report(targets, 'a', NOW).SamplingTargetDocuments).toEqual([
    { RuleName: 'r', FixedRate: 0.1, ReservoirQuota: null, ReservoirQuotaTTL: null, Interval: null },
  ]);
  expect(report(targets, 'a', NOW + 10).SamplingTargetDocuments).toEqual([
    { RuleName: 'r', FixedRate: 0.1, ReservoirQuota: 5, ReservoirQuotaTTL: NOW + 310, Interval: 10 },
  ]);
});

test.each([-3_600, 7_200])(
  'setting the clock by %i seconds changes no share: a reporting client has one, a client that is silent for a minute has none',
  (step) => {
    const targets = new SamplingTargets();
    for (const client of ['a', 'b']) report(targets, client, NOW);
    const after = (seconds: number, client: string): unknown =>
      report(targets, client, NOW + step + seconds, {}, [rule({ ReservoirSize: 4 })], NOW + seconds)
        .SamplingTargetDocuments[0]!['ReservoirQuota'];
    expect(after(10, 'a')).toBe(2);
    expect(after(65, 'a')).toBe(4);
  },
);

test('clients share the reservoir: the shares add up to it, and one that is silent for a minute has none', () => {
  const targets = new SamplingTargets();
  for (const client of ['a', 'b', 'c']) report(targets, client, NOW);
  const shares = ['a', 'b', 'c'].map(
    (client) => report(targets, client, NOW + 10).SamplingTargetDocuments[0]!['ReservoirQuota'] as number,
  );
  expect(shares.toSorted((a, b) => a - b)).toEqual([1, 2, 2]);
  for (const at of [40, 70, 80]) report(targets, 'a', NOW + at);
  expect(report(targets, 'a', NOW + 90).SamplingTargetDocuments[0]!['ReservoirQuota']).toBe(5);
});

test('counts a client with two spellings of its ID once', () => {
  const targets = new SamplingTargets();
  report(targets, 'abc', NOW);
  expect(report(targets, 'ABC', NOW + 10).SamplingTargetDocuments[0]!['ReservoirQuota']).toBe(5);
});

test('sums statistics in windows of ten seconds, and returns the last closed one; ADOT’s SampleCount counts', () => {
  const targets = new SamplingTargets();
  report(targets, 'a', NOW);
  report(targets, 'b', NOW + 9, { SampledCount: undefined, SampleCount: 4, Timestamp: (NOW + 9) * 1000 });
  expect(sent(targets.summaries([rule()], NOW + 9))).toEqual([]);
  const closed = { RuleName: 'r', Timestamp: NOW, RequestCount: 20, SampledCount: 7, BorrowCount: 2 };
  expect(sent(targets.summaries([rule()], NOW + 10))).toEqual([closed]);
});

test('a negative or malformed count does not reduce the counts of others', () => {
  const targets = new SamplingTargets();
  report(targets, 'a', NOW);
  report(targets, 'b', NOW + 1, { RequestCount: -1_000, SampledCount: -1, BorrowCount: -0.5 });
  report(targets, 'c', NOW + 2, { RequestCount: 2.9, SampledCount: 1.2, BorrowCount: 0 });
  const closed = { RuleName: 'r', Timestamp: NOW, RequestCount: 12, SampledCount: 4, BorrowCount: 1 };
  expect(sent(targets.summaries([rule()], NOW + 10))).toEqual([closed]);
});

test('reports an unknown rule with code 400, in both kinds of statistics, and answers the others', () => {
  const body = {
    SamplingStatisticsDocuments: [{ RuleName: 'gone' }, { RuleName: 'r' }],
    SamplingBoostStatisticsDocuments: [{ RuleName: 'gone' }, { RuleName: 'r' }],
  };
  const answer = new SamplingTargets().answer(body, [rule()], 0, { now: NOW, steadyNow: NOW }) as Answer;
  const unknown = [{ RuleName: 'gone', ErrorCode: '400', Message: 'Unknown rule' }];
  expect(answer.UnprocessedStatistics).toEqual(unknown);
  expect(answer.UnprocessedBoostStatistics).toEqual(unknown);
  expect(answer.SamplingTargetDocuments).toHaveLength(1);
});

test.each([
  null,
  [],
  7,
  { SamplingStatisticsDocuments: 'x' },
  { SamplingStatisticsDocuments: [null, 7, { RuleName: {} }] },
])('handles any body: %j', (body) => {
  expect(
    (new SamplingTargets().answer(body, [rule()], 0, { now: NOW, steadyNow: NOW }) as Answer).SamplingTargetDocuments,
  ).toEqual([]);
});

test('tries rules by priority, then by name; the first match decides; rules for a resource or with attributes never match', () => {
  const request = {
    serviceName: 'shop',
    serviceType: 'AWS::ECS::Container',
    host: 'shop.example',
    method: 'GET',
    path: '/orders/7',
  };
  const rules = [
    rule({ RuleName: 'z', Priority: 1, URLPath: '/health*' }),
    rule({ RuleName: 'c', Priority: 2, ResourceARN: 'arn:aws:x' }),
    rule({ RuleName: 'd', Priority: 2, Attributes: { a: 'b' } }),
    rule({ RuleName: 'b', Priority: 3, URLPath: '/ORDERS/?' }),
    rule({ RuleName: 'a', Priority: 3, Host: '*.example', HTTPMethod: 'get' }),
  ];
  expect(ruleFor(rules, request)?.RuleName).toBe('a');
  expect(ruleFor(rules, { ...request, method: 'POST' })?.RuleName).toBe('b');
  expect(ruleFor(rules, { ...request, method: 'POST', path: '/orders/77' })).toBeUndefined();
});

test.each([
  ['anything', '*', true],
  ['', '*', true],
  ['', '?', false],
  ['abc', 'A?C', true],
  ['abc', 'a*d', false],
  ['a/b/c', '*/c', true],
  ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', '*a*a*a*a*a*a*a*c', false],
])('isLike(%j, %j) is %s', (text, pattern, isMatch) => {
  expect(isLike(text, pattern)).toBe(isMatch);
});

test('many documents and clients with IDs of any length take bounded time and memory', () => {
  const targets = new SamplingTargets();
  const rules = [rule({ RuleName: 'Default' })];
  const document = { RuleName: 'Default', RequestCount: 1, SampledCount: 1, BorrowCount: 0 };
  const SamplingStatisticsDocuments = Array.from({ length: 1_000 }, (_, i) => ({
    ...document,
    ClientID: `${'x'.repeat(20_000)}${i}`,
  }));
  const before = process.memoryUsage().heapUsed;
  const answer = targets.answer({ SamplingStatisticsDocuments }, rules, 0, { now: 1_000, steadyNow: 1_000 }) as {
    SamplingTargetDocuments: object[];
  };
  expect(answer.SamplingTargetDocuments).toHaveLength(100);
  const named = targets.answer({ SamplingStatisticsDocuments: [{ RuleName: 'y'.repeat(1_000_000) }] }, rules, 0, {
    now: 1_000,
    steadyNow: 1_000,
  });
  expect(JSON.stringify(named).length).toBeLessThan(1_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
});

test('a recreated rule has no state of the deleted rule with the same name', () => {
  const targets = new SamplingTargets();
  report(targets, 'a', NOW);
  report(targets, 'a', NOW + 10);
  expect(targets.summaries([rule()], NOW + 10)).toHaveLength(1);
  for (let i = 0; i < 3; i++)
    report(targets, 'a', NOW + 11, { RuleName: `other${i}` }, [rule({ RuleName: `other${i}` })]);
  expect(targets.summaries([rule()], NOW + 12)).toEqual([]);
});
