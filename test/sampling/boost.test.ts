import { expect, test } from 'vitest';
import { awsJson } from '../../src/json/aws-json.ts';
import { SamplingTargets } from '../../src/sampling/targets.ts';
import type { SamplingRule } from '../../src/sampling/rule.ts';
import { RULE_FOR_ALL } from '../fakes/sampling-rule.ts';

const NOW = 1_790_000_000;
const RULE: SamplingRule = {
  ...RULE_FOR_ALL,
  RuleName: 'r',
  RuleARN: 'arn',
  FixedRate: 0.05,
  Attributes: {},
  SamplingRateBoost: { MaxRate: 0.5, CooldownWindowMinutes: 10 },
};

interface Asked {
  readonly anomalies?: number;
  readonly sampled?: number;
  /** Seconds after NOW. */
  readonly at?: number;
  readonly rule?: SamplingRule;
}

/** The boost that a client of the rule is told, which reports these anomalies. */
function boostFor(targets: SamplingTargets, { anomalies, sampled = 0, at = 0, rule = RULE }: Asked): unknown {
  const boosts =
    anomalies === undefined ? [] : [{ RuleName: 'r', AnomalyCount: anomalies, SampledAnomalyCount: sampled }];
  const body = {
    SamplingStatisticsDocuments: [{ RuleName: 'r', ClientID: 'a' }],
    SamplingBoostStatisticsDocuments: boosts,
  };
  const answer = targets.answer(body, [rule], 0, { now: NOW + at, steadyNow: at });
  const { SamplingTargetDocuments: documents } = JSON.parse(awsJson(answer)) as {
    SamplingTargetDocuments: Record<string, unknown>[];
  };
  return documents[0]?.['SamplingBoost'];
}

test.each([
  ['one anomaly needs all, and gets MaxRate', 1, 0.5],
  ['of eight anomalies one is sampled at an eighth', 8, 0.125],
  ['of a hundred anomalies FixedRate samples some', 100, 0.05],
])('%s', (_what, anomalies, BoostRate) => {
  expect(boostFor(new SamplingTargets(), { anomalies })).toEqual({ BoostRate, BoostRateTTL: NOW + 60 });
});

test('anomalies that were all sampled, or none, bring no boost', () => {
  expect(boostFor(new SamplingTargets(), { anomalies: 2, sampled: 2 })).toBeUndefined();
  expect(boostFor(new SamplingTargets(), { anomalies: 0 })).toBeUndefined();
  expect(boostFor(new SamplingTargets(), {})).toBeUndefined();
});

test('a rule without a boost, or whose FixedRate is higher, gets none', () => {
  const { SamplingRateBoost: _, ...plain } = RULE;
  expect(boostFor(new SamplingTargets(), { anomalies: 1, rule: plain })).toBeUndefined();
  expect(boostFor(new SamplingTargets(), { anomalies: 1, rule: { ...RULE, FixedRate: 0.5 } })).toBeUndefined();
});

test('a boost holds for a minute, for every client of the rule, and the next one comes after the cooldown', () => {
  const targets = new SamplingTargets();
  const first = { BoostRate: 0.25, BoostRateTTL: NOW + 60 };
  expect(boostFor(targets, { anomalies: 4 })).toEqual(first);
  expect(boostFor(targets, { at: 10 })).toEqual(first);
  expect(boostFor(targets, { at: 59, anomalies: 1 })).toEqual(first);
  expect(boostFor(targets, { at: 60, anomalies: 1 })).toBeUndefined();
  expect(boostFor(targets, { at: 599, anomalies: 1 })).toBeUndefined();
  expect(boostFor(targets, { at: 600, anomalies: 1 })).toEqual({ BoostRate: 0.5, BoostRateTTL: NOW + 660 });
});

test('a boost is not above a MaxRate that was lowered meanwhile, and ends with the rule', () => {
  const targets = new SamplingTargets();
  boostFor(targets, { anomalies: 2 });
  const lowered = { ...RULE, SamplingRateBoost: { MaxRate: 0.1, CooldownWindowMinutes: 10 } };
  expect(boostFor(targets, { at: 1, rule: lowered })).toMatchObject({ BoostRate: 0.1 });
  expect(boostFor(targets, { at: 2, rule: { ...RULE, RuleName: 'other' } })).toBeUndefined();
  expect(boostFor(targets, { at: 3 })).toBeUndefined();
});
