/**
 * The local X-Ray's sampling: one rule that traces every request. Each member that an SDK insists on is there:
 * Attributes is an object for Node, LastRuleModification a number for Node and Python, nothing is null for Go.
 */
const RULE = {
  RuleName: 'Default',
  RuleARN: 'arn:aws:xray:local:000000000000:sampling-rule/Default',
  ResourceARN: '*',
  Priority: 10_000,
  FixedRate: 1,
  ReservoirSize: 1_000,
  ServiceName: '*',
  ServiceType: '*',
  Host: '*',
  HTTPMethod: '*',
  URLPath: '*',
  Version: 1,
  Attributes: {},
};

/** AWS gives a quota for 5 minutes and asks for statistics every 10 s. Source: X-Ray developer guide, sampling. */
const QUOTA_SECONDS = 300;
const INTERVAL_SECONDS = 10;

/** Answer of GetSamplingRules. All in one page: no SDK asks for a second. */
export function samplingRules(): object {
  return { SamplingRuleRecords: [{ SamplingRule: RULE, CreatedAt: 0, ModifiedAt: 0 }], NextToken: null };
}

/** Answer of GetSamplingTargets to `body`; statistics in any form are taken, because SDKs differ in it: Java's time is in milliseconds, ADOT writes SampleCount. */
export function samplingTargets(body: unknown, nowMs: number): object {
  const documents = (body as { SamplingStatisticsDocuments?: unknown } | null)?.SamplingStatisticsDocuments;
  const asked = Array.isArray(documents) ? documents : [];
  const targets: object[] = [];
  const unprocessed: object[] = [];
  for (const document of asked as readonly ({ RuleName?: unknown } | null)[]) {
    const name = document?.RuleName;
    if (name !== RULE.RuleName) {
      unprocessed.push({ RuleName: typeof name === 'string' ? name : null, ErrorCode: '400', Message: 'Unknown rule' });
      continue;
    }
    const ttl = Math.floor(nowMs / 1000) + QUOTA_SECONDS;
    targets.push({
      RuleName: name,
      FixedRate: RULE.FixedRate,
      ReservoirQuota: RULE.ReservoirSize,
      ReservoirQuotaTTL: ttl,
      Interval: INTERVAL_SECONDS,
    });
  }
  return { SamplingTargetDocuments: targets, LastRuleModification: 0, UnprocessedStatistics: unprocessed };
}
