import { expect, test } from 'vitest';
import { rulesIn, takeNothing } from '../../src/aws/sampling-rules.ts';

const answer = (...rules: object[]): Buffer =>
  Buffer.from(JSON.stringify({ SamplingRuleRecords: rules.map((SamplingRule) => ({ SamplingRule })) }));

test('reads the shares of the rules, and nothing from another answer', () => {
  expect(rulesIn(answer({ RuleName: 'Default', FixedRate: 0.05, ReservoirSize: 1 }))).toEqual([
    { name: 'Default', rate: 0.05, reservoir: 1 },
  ]);
  for (const other of ['{}', '[]', '<html>', '', '{"SamplingRuleRecords":[],"NextToken":"a"}'])
    expect(rulesIn(Buffer.from(other))).toBeUndefined();
});

test('rules take nothing if none has a reservoir or a rate', () => {
  const none = { name: 'a', rate: 0, reservoir: 0 };
  expect([none, { ...none, rate: 0.01 }, { ...none, reservoir: 1 }].map((rule) => takeNothing([none, rule]))).toEqual([
    true,
    false,
    false,
  ]);
  expect(takeNothing([])).toBe(false);
});
