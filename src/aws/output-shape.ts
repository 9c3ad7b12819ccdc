import { jsonIn, PASSED_ON } from './answer-json.ts';
import { hasRequestId, isAwsHost, isEncoded, isXRaysError } from './foreign-answer.ts';
import type { HttpAnswer } from './http-call.ts';
import { operationAt, type OperationName } from '../formats/xray/operations.ts';

/**
 * The list that an output always has, for the operations whose answers are used or passed on. AWS writes null for an absent one.
 * Source: the X-Ray model, 2016-04-12.
 */
const LISTS: Partial<Record<OperationName, string>> = {
  PutTraceSegments: 'UnprocessedTraceSegments',
  GetSamplingRules: 'SamplingRuleRecords',
  GetSamplingTargets: 'SamplingTargetDocuments',
  GetSamplingStatisticSummaries: 'SamplingStatisticSummaries',
};

/**
 * Whether what came from `url` at `path` is an answer of X-Ray: an error with its type, or HTTP 200 with the form of the operation's output, and
 * from AWS itself a request id. Of a path that is no operation's nothing is known, and any answer counts.
 */
export function isXRaysAnswer(path: string, url: URL, answer: HttpAnswer): boolean {
  const operation = operationAt(path);
  if (operation === undefined) return true;
  if (isAwsHost(url) && !hasRequestId(answer)) return false;
  if (answer.status !== 200) return isXRaysError(answer);
  if (isXRaysError(answer) || isEncoded(answer)) return false;
  const output = jsonIn(answer.body, PASSED_ON);
  if (!isObject(output)) return false;
  const list = LISTS[operation.name];
  if (list === undefined) return true;
  if (!Object.hasOwn(output, list)) return false;
  const entries = output[list];
  if (entries === null) return true;
  if (!Array.isArray(entries) || !entries.every(isObject)) return false;
  return operation.name !== 'GetSamplingRules' || entries.every(isRuleRecord);
}

function isRuleRecord({ SamplingRule: rule }: Record<string, unknown>): boolean {
  return isObject(rule) && typeof rule['RuleName'] === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
