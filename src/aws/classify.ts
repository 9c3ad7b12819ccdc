import type { ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import { jsonIn } from './answer-json.ts';
import { REFUSES_CALLER } from './caller-refusals.ts';
import { hasRequestId, isEncoded, isXRaysError } from './foreign-answer.ts';
import type { HttpAnswer } from './http-call.ts';
import { errorTypeOf, type XRayAnswer } from './xray-api.ts';

/** X-Ray's error types that say "not now". Sources: the PutTraceSegments model; botocore's standard retry mode for the rest. */
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

/** Codes of single documents that say "not now" have the names of the errors, with or without the ending, or of an internal failure. */
function isTransient(code: string): boolean {
  return THROTTLING.has(code) || /^(Throttl|InternalFailure|InternalServer|InternalError|ServiceUnavailable|Timeout)/.test(code);
}

/**
 * X-Ray's verdicts on the documents of a batch. Nothing else may lead to a document's loss: a type that is not listed is tried again.
 * Source: the PutTraceSegments model, and of AWS's common errors those about a request's content.
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
  /** Each document's text; asked only when X-Ray refused some. */
  readonly documents: () => readonly string[];
  /** AWS itself is called, which sends a request id with every answer: one without is somebody else's. */
  readonly needsRequestId: boolean;
}

/**
 * What an answer to PutTraceSegments means for its batch. Only what has the form of X-Ray's own answer says that documents were taken or
 * refused; whatever else answers (a proxy, a portal, a gateway) says nothing about them. Codes are metric labels: each is from a short list.
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
  return { kind: 'retry', code: status >= 300 && status < 600 ? `http_${status}` : NOT_XRAY, ...(status >= 500 ? afterMs(answer) : {}) };
}

/** The code of an answer that says that all is well and is not X-Ray's. */
export const NOT_XRAY = 'not_xray';

function classifyBody(answer: HttpAnswer, { documents, needsRequestId }: ClassifyConfig): ExportResult {
  const refused = isXRaysError(answer) || isEncoded(answer) || (needsRequestId && !hasRequestId(answer)) ? undefined : unprocessedIn(answer.body);
  if (refused === undefined) return { kind: 'retry', code: NOT_XRAY };
  if (refused.length === 0) return { kind: 'sent' };
  const texts = documents();
  if (refused.length > texts.length) return { kind: 'retry', code: NOT_XRAY };
  return { kind: 'partial', refused: match(refused, texts) };
}

/** One refused document, as PutTraceSegments answers it. Each member may be missing, or null. */
interface Unprocessed {
  readonly Id: string | undefined;
  readonly ErrorCode: string | undefined;
}

const LIST = 'UnprocessedTraceSegments';

/** The refused documents of a PutTraceSegments output; undefined when the body is none. AWS writes null for an absent list. */
function unprocessedIn(body: Buffer): Unprocessed[] | undefined {
  const output = jsonIn(body);
  // An error in the form of AWS's JSON protocols is none, whatever else it has.
  if (!isObject(output) || !Object.hasOwn(output, LIST) || Object.hasOwn(output, '__type')) return undefined;
  // Written twice, one of the two would be overlooked.
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
  const members = [Id, ErrorCode, Message].filter((member) => member !== null);
  if (members.length === 0 || members.some((member) => typeof member !== 'string')) return undefined;
  return { Id: (Id ?? undefined) as string | undefined, ErrorCode: (ErrorCode || undefined) as string | undefined };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Finds the refused documents in the batch. By id: the next document that has it; an id whose documents are all named already is the same
 * refusal twice. An entry whose id is missing, or no document's, is about some document of those that are left, one whose id cannot be read
 * before any other. If it is refused for good, only the number matters, and any of them is counted. If it is throttled, it must be among
 * those that are sent again, and so all of them are: X-Ray takes a document that it has for the same one.
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
    const id = (JSON.parse(document) as { id?: unknown } | null)?.id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Retry-After in seconds, as X-Ray would write it; a date is not waited for. */
function afterMs(answer: HttpAnswer): { afterMs?: number } {
  const seconds = Number(answer.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? { afterMs: Math.min(seconds, 60) * 1000 } : {};
}
