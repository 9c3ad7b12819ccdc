import { textShapeProblem } from '../../json/json-shape.ts';
import { isObject, type Json } from '../../json/json.ts';
import { MAX_DEPTH } from '../../trace/limits.ts';
import type { Refusal } from '../../trace/model.ts';
import { SegmentDocument } from './segment.ts';

const SEGMENT_ID = /^[0-9a-f]{16}$/i;
export const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;
/** Source: X-Ray developer guide, segment documents. X-Ray's published schema is the same except for the backslash. */
const NAME = /^[\p{L}\p{Z}\p{N}_.:/%&#=+\\\-@]+$/u;
/**
 * Each value costs tens of bytes, however short it is; a document within the quota of 64 KB has less than half as many.
 */
const DOCUMENT_LIMITS = { maxDepth: 2 * MAX_DEPTH + 2, maxValues: 100_000 };
/** A shorter text cannot exceed the limits. */
const UNSUSPICIOUS_LENGTH = 2 * MAX_DEPTH;
/** Maximum length of an invalid ID, which is echoed and remembered. */
const MAX_ID = 64;

/**
 * Validates a document like PutTraceSegments, including nested subsegments: an invalid one refuses the whole document,
 * under the outer ID.
 * Codes, messages and the order of the checks follow recorded answers of X-Ray and the developer guide.
 */
export function readDocument(text: string): SegmentDocument | Refusal {
  if (text.length > UNSUSPICIOUS_LENGTH && textShapeProblem(text, DOCUMENT_LIMITS) !== undefined)
    return refusal({}, 'ParseError', false);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusal({}, 'ParseError', false);
  }
  if (!isObject(json)) return refusal({}, 'ParseError', false);
  const isSubsegment = json['type'] === 'subsegment';
  const code = outerProblem(json, isSubsegment) ?? nestedProblem(json);
  if (code !== undefined) return refusal(json, code.code, code.isNested || isSubsegment);
  return new SegmentDocument(json);
}

/** Of an empty document, which has nothing to store. */
export const EMPTY_REFUSAL: Refusal = refusal({}, 'ParseError', false);

interface Problem {
  readonly code: string;
  readonly isNested: boolean;
}

function refusal({ id, trace_id: traceId }: Json, code: string, isSubsegment: boolean): Refusal {
  const message = isSubsegment
    ? `Invalid subsegment. ErrorCode: ${code}, Cause: null`
    : `Invalid segment. ErrorCode: ${code}`;
  return { id: shortened(id) ?? null, code, message, traceId: shortened(traceId) };
}

function shortened(id: unknown): string | undefined {
  if (typeof id !== 'string') return undefined;
  return id.length > MAX_ID ? `${id.slice(0, MAX_ID)}…` : id;
}

function outerProblem(json: Json, isSubsegment: boolean): Problem | undefined {
  const code =
    typeProblem(json['type']) ??
    identityProblem(json) ??
    traceIdProblem(json['trace_id']) ??
    timeProblem(json, isSubsegment) ??
    parentProblem(json);
  return code === undefined ? undefined : { code, isNested: false };
}

/** Nested subsegments need no trace ID and no parent, and may have any `type`. Source: recorded answers of X-Ray. */
function nestedProblem(json: Json): Problem | undefined {
  let level: readonly Json[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return { code: 'ParseError', isNested: false };
    const next: Json[] = [];
    for (const parent of level) {
      const children = parent['subsegments'];
      if (!Array.isArray(children)) continue;
      for (const child of children as unknown[]) {
        if (!isObject(child)) return { code: 'ParseError', isNested: true };
        const code = identityProblem(child) ?? timeProblem(child, true);
        if (code !== undefined) return { code, isNested: true };
        next.push(child);
      }
    }
    level = next;
  }
  return undefined;
}

function typeProblem(type: unknown): string | undefined {
  return type === undefined || type === null || type === 'subsegment' ? undefined : 'UnknownType';
}

function identityProblem({ id, name }: Json): string | undefined {
  if (id === undefined || id === null) return 'MissingId';
  if (typeof id !== 'string' || !SEGMENT_ID.test(id)) return 'InvalidId';
  if (typeof name !== 'string' || name === '') return 'MissingName';
  return NAME.test(name) ? undefined : 'InvalidName';
}

function traceIdProblem(traceId: unknown): string | undefined {
  if (traceId === undefined || traceId === null) return 'MissingTraceId';
  return typeof traceId === 'string' && TRACE_ID.test(traceId) ? undefined : 'InvalidTraceId';
}

function timeProblem(
  { start_time: start, end_time: end, in_progress: inProgress }: Json,
  isSubsegment: boolean,
): string | undefined {
  if (start === undefined || start === null) return 'MissingStartTime';
  if (typeof start !== 'number' || !Number.isFinite(start)) return 'ParseError';
  if (end !== undefined && end !== null) {
    if (typeof end !== 'number' || !Number.isFinite(end)) return 'ParseError';
    if (inProgress === true) return isSubsegment ? 'InProgressSubsegmentHasEndTime' : 'InProgressSegmentHasEndTime';
    return undefined;
  }
  return inProgress === true ? undefined : 'MissingEndTime';
}

function parentProblem({ type, parent_id: parentId }: Json): string | undefined {
  if (parentId === undefined || parentId === null) return type === 'subsegment' ? 'MissingParentId' : undefined;
  return typeof parentId === 'string' && SEGMENT_ID.test(parentId) ? undefined : 'InvalidParentId';
}
