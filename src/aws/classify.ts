import type { ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
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

/** The credentials, not the documents, are at fault; an operator can mend each of them while the buffer holds. */
const CREDENTIALS = new Set([
  'AccessDeniedException',
  'AccessDenied',
  'UnauthorizedException',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'NotAuthorized',
  'OptInRequired',
  'RequestExpired',
  'ExpiredToken',
  'ExpiredTokenException',
]);

/** One refused document, as PutTraceSegments answers it. Every member may be missing. */
interface Unprocessed {
  readonly Id?: unknown;
  readonly ErrorCode?: unknown;
}

/**
 * What an answer to PutTraceSegments means for its batch. `documents` gives each document's text, and is asked only when X-Ray refused some.
 * Pure: every row of test/aws/classify.test.ts is one call.
 */
export function classify(answer: XRayAnswer, documents: () => readonly string[]): ExportResult {
  if (answer.kind === 'no_credentials') return { kind: 'retry', code: 'no_credentials' };
  if (answer.kind === 'failure') return { kind: 'retry', code: answer.code };
  if (answer.status === 200) return classifyBody(answer, documents);
  const type = errorTypeOf(answer);
  if (THROTTLING.has(type) || answer.status === 429) return { kind: 'retry', code: 'throttled', ...afterMs(answer) };
  if (CREDENTIALS.has(type)) return { kind: 'retry', code: type };
  if (answer.status >= 500) return { kind: 'retry', code: `http_${answer.status}`, ...afterMs(answer) };
  if (answer.status === 413) return { kind: 'rejected', code: 'http_413' };
  // Without X-Ray's error type it is a proxy, a portal or a wrong endpoint that speaks: nothing about the documents.
  if (type === '' || answer.status < 400 || answer.status === 401 || answer.status === 403) return { kind: 'retry', code: `http_${answer.status}` };
  return { kind: 'rejected', code: type };
}

function classifyBody(answer: HttpAnswer, documents: () => readonly string[]): ExportResult {
  let refused: unknown;
  try {
    refused = (JSON.parse(answer.body.toString()) as { UnprocessedTraceSegments?: unknown } | null)?.UnprocessedTraceSegments;
  } catch {
    return { kind: 'retry', code: 'not_json' };
  }
  if (!Array.isArray(refused) || refused.length === 0) return { kind: 'sent' };
  return { kind: 'partial', refused: match(refused as Unprocessed[], documents()) };
}

/**
 * Finds the refused documents in the batch: by id, and an answer without a known id goes to a document that no other took, one
 * that is not JSON first, because only such a document's id cannot be read. Each position is named at most once.
 */
function match(refused: readonly Unprocessed[], documents: readonly string[]): RefusedDocument[] {
  const ids = documents.map(idOf);
  const free = new Set(documents.keys());
  const matched: RefusedDocument[] = [];
  const nameless: string[] = [];
  const take = (position: number, code: string): void => {
    free.delete(position);
    matched.push({ position, code, isRetryable: isTransient(code) });
  };
  for (const { Id, ErrorCode } of refused) {
    const code = typeof ErrorCode === 'string' && ErrorCode !== '' ? ErrorCode : 'unknown';
    const position = typeof Id === 'string' ? ids.findIndex((id, i) => id === Id && free.has(i)) : -1;
    if (position >= 0) take(position, code);
    else nameless.push(code);
  }
  for (const code of nameless) {
    const position = [...free].find((i) => ids[i] === undefined) ?? [...free][0];
    if (position !== undefined) take(position, code);
  }
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
