import { jsonIn, PASSED_ON } from './answer-json.ts';
import { hasRequestId, isAwsHost, isEncoded, isXRaysError } from './foreign-answer.ts';
import type { HttpAnswer } from './http-call.ts';
import { operationAt, type OperationName } from '../formats/xray/operations.ts';

/**
 * The list that every output has, for the operations whose responses are used or passed on. AWS writes null for an
 * absent list.
 * Source: the X-Ray model, 2016-04-12.
 */
const LISTS: Partial<Record<OperationName, string>> = {
  PutTraceSegments: 'UnprocessedTraceSegments',
  GetSamplingRules: 'SamplingRuleRecords',
  GetSamplingTargets: 'SamplingTargetDocuments',
  GetSamplingStatisticSummaries: 'SamplingStatisticSummaries',
};

/**
 * Whether a response from `url` at `path` comes from X-Ray: an error with a type, or HTTP 200 in the form of the
 * operation's output, and with a request ID if `url` is AWS. For the path of an unknown operation, any response counts.
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
