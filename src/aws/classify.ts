import { isObject, member } from '../json/json.ts';
import type { ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import { jsonIn } from './answer-json.ts';
import { REFUSES_CALLER } from './caller-refusals.ts';
import { hasRequestId, isEncoded, isXRaysError } from './foreign-answer.ts';
import type { HttpAnswer } from './http-call.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/**
 * X-Ray's error types that mean "not now". Sources: the PutTraceSegments model; botocore's standard retry mode for the
 * rest.
 */
const THROTTLING = new Set([
  'ThrottledException',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
]);

/**
 * Codes of single documents that mean "not now" are named like the errors, with or without the ending, or like an
 * internal failure.
 */
function isTransient(code: string): boolean {
  return (
    THROTTLING.has(code) ||
    /^(Throttl|InternalFailure|InternalServer|InternalError|ServiceUnavailable|Timeout)/.test(code)
  );
}

/**
 * X-Ray's verdicts on the documents of a batch. Only these may cost a document: any other type is retried.
 * Source: the PutTraceSegments model, and those of AWS's common errors that concern the content of a request.
 */
const VERDICTS = new Set([
  'InvalidRequestException',
  'SerializationException',
  'ValidationException',
  'ValidationError',
  'InvalidParameterValue',
  'RequestEntityTooLargeException',
]);

export interface ClassifyConfig {
  /** The text of each document; called only if X-Ray refused some. */
  readonly documents: () => readonly string[];
  /**
   * Whether the endpoint is AWS, which sends a request ID with every response: a response without one comes from
   * another server.
   */
  readonly needsRequestId: boolean;
}

/**
 * What a response to PutTraceSegments means for its batch. Only a response in X-Ray's own form shows that documents
 * were accepted or refused; any other (from a proxy, a portal, a gateway) shows nothing about them. Codes are metric
 * labels: each is from a short list.
 * Pure: every row of test/aws/classify.test.ts is one call.
 */
export function classify(answer: XRayAnswer, config: ClassifyConfig): ExportResult {
  if (answer.kind === 'no_credentials') return { kind: 'retry', code: 'no_credentials' };
  if (answer.kind === 'failure') return { kind: 'retry', code: answer.code };
  const { status } = answer;
  if (status === 200) return classifyBody(answer, config);
  const type = errorTypeOf(answer);
  if (THROTTLING.has(type) || status === 429) return { kind: 'retry', code: 'throttled', ...afterMs(answer) };
  if (REFUSES_CALLER.has(type)) return { kind: 'retry', code: type };
  const isXRays = isXRaysError(answer) && (!config.needsRequestId || hasRequestId(answer));
  if (isXRays && VERDICTS.has(type) && (status === 400 || status === 413)) return { kind: 'rejected', code: type };
  if (status === 413) return { kind: 'rejected', code: 'http_413', by: 'gateway' };
  return {
    kind: 'retry',
    code: status >= 300 && status < 600 ? `http_${status}` : NOT_XRAY,
    ...(status >= 500 ? afterMs(answer) : {}),
  };
}

/** The code of a response that reports success but does not come from X-Ray. */
export const NOT_XRAY = 'not_xray';

function classifyBody(answer: HttpAnswer, { documents, needsRequestId }: ClassifyConfig): ExportResult {
  const refused =
    isXRaysError(answer) || isEncoded(answer) || (needsRequestId && !hasRequestId(answer))
      ? undefined
      : unprocessedIn(answer.body);
  if (refused === undefined) return { kind: 'retry', code: NOT_XRAY };
  if (refused.length === 0) return { kind: 'sent' };
  const texts = documents();
  if (refused.length > texts.length) return { kind: 'retry', code: NOT_XRAY };
  return { kind: 'partial', refused: match(refused, texts) };
}

/** One refused document in the output of PutTraceSegments. Each member may be missing or null. */
interface Unprocessed {
  readonly Id: string | undefined;
  readonly ErrorCode: string | undefined;
}

const LIST = 'UnprocessedTraceSegments';

/**
 * The refused documents in an output of PutTraceSegments; undefined if the body is not such an output. AWS writes null
 * for an absent list.
 */
function unprocessedIn(body: Buffer): Unprocessed[] | undefined {
  const output = jsonIn(body);
  // An error of AWS's JSON protocols is not an output, whatever else it contains.
  if (!isObject(output) || !Object.hasOwn(output, LIST) || Object.hasOwn(output, '__type')) return undefined;
  // If the list occurs twice, JSON.parse drops one of them.
  if (body.indexOf(`"${LIST}"`) !== body.lastIndexOf(`"${LIST}"`)) return undefined;
  const list = output[LIST];
  if (list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const refused: Unprocessed[] = [];
  for (const entry of list as unknown[]) {
    const one = unprocessedOf(entry);
    if (one === undefined) return undefined;
    refused.push(one);
  }
  return refused;
}

function unprocessedOf(entry: unknown): Unprocessed | undefined {
  if (!isObject(entry)) return undefined;
  const { Id = null, ErrorCode = null, Message = null } = entry;
  if (!isTextOrNull(Id) || !isTextOrNull(ErrorCode) || !isTextOrNull(Message)) return undefined;
  if (Id === null && ErrorCode === null && Message === null) return undefined;
  return { Id: Id ?? undefined, ErrorCode: ErrorCode === null || ErrorCode === '' ? undefined : ErrorCode };
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

/**
 * Finds the refused documents in the batch. By ID: the next document that has it; if all documents with an ID are
 * matched already, the entry is a duplicate. An entry without an ID, or with an unknown one, concerns one of the
 * remaining documents, and first of all one whose ID cannot be read.
 * If it is refused permanently, only the number matters, and any of them is counted. If it is throttled, all of them
 * are sent again, because it must be among them: X-Ray recognises a document that it already has.
 */
function match(refused: readonly Unprocessed[], documents: readonly string[]): RefusedDocument[] {
  const ids = documents.map(idOf);
  const known = new Set(ids);
  const free = new Set(documents.keys());
  const matched: RefusedDocument[] = [];
  const nameless: string[] = [];
  const take = (position: number, code: string): void => {
    free.delete(position);
    matched.push({ position, code, isRetryable: isTransient(code) });
  };
  for (const { Id, ErrorCode: code = 'unknown' } of refused) {
    if (Id === undefined || !known.has(Id)) {
      nameless.push(code);
      continue;
    }
    const position = ids.findIndex((id, i) => id === Id && free.has(i));
    if (position >= 0) take(position, code);
  }
  const candidates = (): number[] => {
    const unreadable = [...free].filter((i) => ids[i] === undefined);
    return unreadable.length > 0 ? unreadable : [...free];
  };
  for (const code of nameless.filter((each) => !isTransient(each))) {
    const [position] = candidates();
    if (position !== undefined) take(position, code);
  }
  const [transient] = nameless.filter(isTransient);
  if (transient !== undefined) for (const position of candidates()) take(position, transient);
  return matched;
}

function idOf(document: string): string | undefined {
  try {
    const id = member(JSON.parse(document), 'id');
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Retry-After in seconds, as X-Ray would send it; dates are ignored. */
function afterMs(answer: HttpAnswer): { afterMs?: number } {
  const seconds = Number(answer.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? { afterMs: Math.min(seconds, 60) * 1000 } : {};
}
