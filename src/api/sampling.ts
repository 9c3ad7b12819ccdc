import * as Type from './type.ts';
import { double } from '../json/aws-json.ts';
import type { SamplingRule } from '../sampling/rule.ts';
import { defaultRule, sortedRecords, type DefaultSampling, type SamplingRuleRecord } from '../sampling/rule-record.ts';
import { SamplingTargets } from '../sampling/targets.ts';
import { ruleArn, type Account } from './account.ts';
import { ApiError, internalFailure, invalid } from './api-error.ts';
import { integer, NextToken, TagList, Timestamp, type Tag } from './members.ts';
import { changes, reads, type Answer, type Operations } from './operation.ts';
import type { Saved } from './saved.ts';
import type { Tags } from './tags.ts';

export interface SamplingConfig {
  readonly account: Account;
  readonly defaultSampling: DefaultSampling;
}

export interface SamplingDeps {
  /** Rules that users made, and Default when they changed it. */
  readonly saved: Saved<readonly SamplingRuleRecord[]>;
  /** When a rule was last changed or deleted, in seconds since the epoch. */
  readonly modifiedAt: Saved<number>;
  readonly tags: Tags;
  /** In seconds since the epoch. */
  readonly now: () => number;
  /** In seconds of the monotonic clock. */
  readonly steadyNow: () => number;
}

const MAX_RULES = 25;
const MAX_RULE_NAME = 32;

const Rate = Type.Number({ minimum: 0, maximum: 1 });
const RuleReference = { RuleName: Type.Optional(Type.String()), RuleARN: Type.Optional(Type.String()) };
const RuleMembers = { ...RuleReference, RuleName: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })) };
const Criteria = {
  ResourceARN: Type.String({ maxLength: 500 }),
  Priority: integer(1, 9_999),
  FixedRate: Rate,
  ReservoirSize: integer(0),
  ServiceName: Type.String({ maxLength: 64 }),
  ServiceType: Type.String({ maxLength: 64 }),
  Host: Type.String({ maxLength: 64 }),
  HTTPMethod: Type.String({ maxLength: 10 }),
  URLPath: Type.String({ maxLength: 128 }),
};
const AttributeText = { type: 'string', minLength: 1, maxLength: 32 };
const Extras = {
  // `patternProperties`, because the validator removes what `additionalProperties` would check.
  Attributes: Type.Optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      maxProperties: 5,
      propertyNames: AttributeText,
      patternProperties: { '^': AttributeText },
    }),
  ),
  SamplingRateBoost: Type.Optional(
    Type.Object({ MaxRate: Type.Optional(Rate), CooldownWindowMinutes: Type.Optional(integer(0)) }),
  ),
};
/** Only ADOT sends these, in the form of X-Ray's model. Its documents also have a ClientID. */
const BoostStatistics = Type.Object({
  RuleName: Type.String({ minLength: 1, maxLength: 32 }),
  ServiceName: Type.String({ maxLength: 64 }),
  Timestamp,
  AnomalyCount: integer(0),
  TotalCount: integer(0),
  SampledAnomalyCount: integer(0),
});
/** SDKs differ in their statistics, of which nothing is refused (targets.ts). */
const TargetsRequest = Type.Object({
  SamplingStatisticsDocuments: Type.Optional(Type.Unknown()),
  SamplingBoostStatisticsDocuments: Type.Optional(Type.Array(BoostStatistics, { maxItems: 25 })),
});
const NewRule = Type.Object({ ...RuleMembers, ...Criteria, ...Extras, Version: integer(1) });
const RuleUpdate = Type.Object({
  ...RuleMembers,
  ResourceARN: Type.Optional(Criteria.ResourceARN),
  Priority: Type.Optional(Criteria.Priority),
  FixedRate: Type.Optional(Criteria.FixedRate),
  ReservoirSize: Type.Optional(Criteria.ReservoirSize),
  ServiceName: Type.Optional(Criteria.ServiceName),
  ServiceType: Type.Optional(Criteria.ServiceType),
  Host: Type.Optional(Criteria.Host),
  HTTPMethod: Type.Optional(Criteria.HTTPMethod),
  URLPath: Type.Optional(Criteria.URLPath),
  ...Extras,
});

/** Centralized sampling: rules, and targets that share their reservoirs. */
export class Sampling {
  readonly #config: SamplingConfig;
  readonly #deps: SamplingDeps;
  readonly #targets = new SamplingTargets();

  constructor(config: SamplingConfig, deps: SamplingDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get records(): readonly SamplingRuleRecord[] {
    const own = this.#deps.saved.value;
    if (own.some(({ SamplingRule }) => SamplingRule.RuleName === 'Default')) return own;
    const rule = defaultRule(ruleArn(this.#config.account, 'Default'), this.#config.defaultSampling);
    return [...own, { SamplingRule: rule, CreatedAt: 0, ModifiedAt: 0 }];
  }

  /** The rules as AWS would apply them: where Default is ours, AWS's own. */
  get rulesOfAws(): SamplingRule[] {
    const { account } = this.#config;
    return this.records.map(({ SamplingRule: rule, ModifiedAt }) =>
      rule.RuleName === 'Default' && ModifiedAt === 0 ? defaultRule(ruleArn(account, 'Default'), 'aws') : rule,
    );
  }

  operations() {
    const rules = (): SamplingRule[] => this.records.map(({ SamplingRule }) => SamplingRule);
    return {
      GetSamplingRules: reads(Type.Unknown(), async () => ({
        SamplingRuleRecords: sortedRecords(this.records).map(shown),
        NextToken: null,
      })),
      GetSamplingTargets: reads(TargetsRequest, async (body) => {
        const { now, steadyNow, modifiedAt } = this.#deps;
        return this.#targets.answer(body, rules(), modifiedAt.value, { now: now(), steadyNow: steadyNow() });
      }),
      GetSamplingStatisticSummaries: reads(Type.Object({ NextToken }), async () => ({
        SamplingStatisticSummaries: this.#targets.summaries(rules(), this.#deps.now()),
        NextToken: null,
      })),
      CreateSamplingRule: changes(
        Type.Object({ SamplingRule: NewRule, Tags: Type.Optional(TagList) }),
        ({ SamplingRule: rule, Tags: given }) => this.#create(rule, given),
      ),
      UpdateSamplingRule: changes(Type.Object({ SamplingRuleUpdate: RuleUpdate }), ({ SamplingRuleUpdate: update }) =>
        this.#update(update),
      ),
      DeleteSamplingRule: changes(Type.Object(RuleReference), (body) => this.#delete(body)),
    } satisfies Partial<Operations>;
  }

  #create(rule: Type.Static<typeof NewRule>, given: readonly Tag[] | undefined): Answer {
    const { RuleName, RuleARN } = rule;
    const reference = RuleName ?? RuleARN;
    if (reference === undefined) throw invalid(EITHER);
    if (RuleName !== undefined && RuleARN !== undefined) throw invalid(BOTH);
    if (rule.Version !== 1) throw invalid('Sampling rule version must be 1');
    if (!hasWholeBoost(rule)) throw internalFailure();
    const name = RuleName ?? this.#nameIn(reference);
    if (name.length > MAX_RULE_NAME) throw invalid(`A rule name has at most ${MAX_RULE_NAME} characters`);
    const arn = ruleArn(this.#config.account, name);
    if (this.#find(name) !== undefined) throw invalid('Sampling rule already exists');
    const own = this.records.filter(({ SamplingRule }) => SamplingRule.RuleName !== 'Default');
    if (own.length >= MAX_RULES)
      throw new ApiError('RuleLimitExceededException', `Sampling rule limit of ${MAX_RULES} exceeded`);
    if (given !== undefined) this.#deps.tags.add(arn, given);
    const now = Math.floor(this.#deps.now());
    const record = {
      SamplingRule: { ...rule, RuleName: name, RuleARN: arn, Attributes: rule.Attributes ?? {} },
      CreatedAt: now,
      ModifiedAt: now,
    };
    this.#save([...this.#deps.saved.value, record], now);
    return { SamplingRuleRecord: shown(record) };
  }

  /** compat: a boost that the update does not name is cleared. Source: recorded answers of X-Ray. */
  #update({ RuleName, RuleARN, ...members }: Type.Static<typeof RuleUpdate>): Answer {
    const record = this.#one(RuleName, RuleARN);
    const { SamplingRule: rule } = record;
    const allowed = rule.RuleName === 'Default' ? ['FixedRate', 'ReservoirSize'] : undefined;
    if (allowed !== undefined && Object.keys(members).some((key) => !allowed.includes(key)))
      throw invalid('Invalid update request for sampling rule');
    if (!hasWholeBoost(members)) throw internalFailure();
    const { SamplingRateBoost: _, ...rest } = rule;
    const now = Math.floor(this.#deps.now());
    const updated = { ...record, SamplingRule: { ...rest, ...members }, ModifiedAt: now };
    const others = this.#deps.saved.value.filter(({ SamplingRule }) => SamplingRule.RuleName !== rule.RuleName);
    this.#save([...others, updated], now);
    return { SamplingRuleRecord: shown(updated) };
  }

  #delete({ RuleName, RuleARN }: { readonly RuleName?: string; readonly RuleARN?: string }): Answer {
    const record = this.#one(RuleName, RuleARN);
    const { SamplingRule: rule } = record;
    if (rule.RuleName === 'Default') throw invalid('The default sampling rule cannot be deleted');
    this.#deps.tags.forget(rule.RuleARN);
    this.#save(
      this.#deps.saved.value.filter(({ SamplingRule }) => SamplingRule.RuleName !== rule.RuleName),
      Math.floor(this.#deps.now()),
    );
    return { SamplingRuleRecord: shown(record) };
  }

  #one(name: string | undefined, arn: string | undefined): SamplingRuleRecord {
    if (name === undefined && arn === undefined) throw invalid(EITHER);
    if (name !== undefined && arn !== undefined) throw invalid(BOTH);
    const record =
      name === undefined ? this.records.find(({ SamplingRule }) => SamplingRule.RuleARN === arn) : this.#find(name);
    if (record === undefined) throw invalid('Sampling rule does not exist');
    return record;
  }

  /** Of an ARN of this account and region. */
  #nameIn(arn: string): string {
    const prefix = ruleArn(this.#config.account, '');
    if (!arn.startsWith(prefix) || arn === prefix) throw invalid('Invalid sampling rule ARN');
    return arn.slice(prefix.length);
  }

  #find(name: string): SamplingRuleRecord | undefined {
    return this.records.find(({ SamplingRule }) => SamplingRule.RuleName === name);
  }

  #save(records: readonly SamplingRuleRecord[], now: number): void {
    this.#deps.saved.set(records);
    this.#deps.modifiedAt.set(now);
  }
}

const EITHER = 'Request must contain either sampling rule name or sampling rule ARN';
const BOTH = 'Request cannot contain both sampling rule name and sampling rule ARN';

type Boost = NonNullable<SamplingRule['SamplingRateBoost']>;

/** compat: AWS fails if a boost has no cooldown, and accepts a rate of 0. Source: recorded answers of X-Ray. */
function hasWholeBoost<R extends { SamplingRateBoost?: Partial<Boost> }>(
  rule: R,
): rule is R & { SamplingRateBoost?: Boost } {
  const { SamplingRateBoost: boost } = rule;
  return boost === undefined || (boost.MaxRate !== undefined && (boost.CooldownWindowMinutes ?? 0) !== 0);
}

/** Rates are doubles, counts and times of change whole numbers that every SDK reads. */
function shown({ SamplingRule, CreatedAt, ModifiedAt }: SamplingRuleRecord): object {
  const { SamplingRateBoost } = SamplingRule;
  const boost = SamplingRateBoost && { ...SamplingRateBoost, MaxRate: double(SamplingRateBoost.MaxRate) };
  return {
    SamplingRule: {
      ...SamplingRule,
      FixedRate: double(SamplingRule.FixedRate),
      ...(boost === undefined ? {} : { SamplingRateBoost: boost }),
    },
    CreatedAt: double(CreatedAt),
    ModifiedAt: double(ModifiedAt),
  };
}
