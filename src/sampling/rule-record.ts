import type { SamplingRule } from './rule.ts';

export interface SamplingRuleRecord {
  readonly SamplingRule: SamplingRule;
  /** Seconds since the epoch. */
  readonly CreatedAt: number;
  readonly ModifiedAt: number;
}

/** The rate of the rule Default: trace everything, or as AWS does. */
export type DefaultSampling = 'all' | 'aws';

/** The rule Default, with every member that an SDK requires. Source: recorded answers of X-Ray. */
export function defaultRule(arn: string, sampling: DefaultSampling): SamplingRule {
  return {
    RuleName: 'Default',
    RuleARN: arn,
    ResourceARN: '*',
    Priority: 10_000,
    FixedRate: sampling === 'aws' ? 0.05 : 1,
    ReservoirSize: sampling === 'aws' ? 1 : 1_000,
    ServiceName: '*',
    ServiceType: '*',
    Host: '*',
    HTTPMethod: '*',
    URLPath: '*',
    Version: 1,
    Attributes: {},
  };
}

/** Sorted by name, with Default last. Source: recorded answers of X-Ray. */
export function sortedRecords(records: readonly SamplingRuleRecord[]): SamplingRuleRecord[] {
  const rank = ({ SamplingRule: { RuleName } }: SamplingRuleRecord): string =>
    RuleName === 'Default' ? '\u{ffff}' : RuleName;
  return [...records].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}
