import { member } from '../json/json.ts';
import { jsonIn } from './answer-json.ts';

export interface RuleShare {
  readonly name: string;
  /** Requests a second that it takes first. */
  readonly reservoir: number;
  /** Share of the others, from 0 to 1. */
  readonly rate: number;
}

/** All rules of a response to GetSamplingRules; undefined if it is not one, or has only some of them. */
export function rulesIn(body: Buffer): RuleShare[] | undefined {
  const answer = jsonIn(body);
  const records = member(answer, 'SamplingRuleRecords');
  if (!Array.isArray(records) || (member(answer, 'NextToken') ?? null) !== null) return undefined;
  return records.map((record: unknown) => {
    const rule = member(record, 'SamplingRule');
    const name = member(rule, 'RuleName');
    return {
      name: typeof name === 'string' ? name : '',
      rate: Number(member(rule, 'FixedRate') ?? 0),
      reservoir: Number(member(rule, 'ReservoirSize') ?? 0),
    };
  });
}

/** Whether no request is traced by these rules. */
export function takeNothing(rules: readonly RuleShare[]): boolean {
  return rules.length > 0 && rules.every(({ reservoir, rate }) => reservoir === 0 && rate === 0);
}
