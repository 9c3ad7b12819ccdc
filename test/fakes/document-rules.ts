/**
 * Why X-Ray refuses a document (HTTP 200, UnprocessedTraceSegments); undefined when it takes it.
 * Codes and order of the checks as recorded answers of X-Ray show them.
 */
export function judgeDocument(text: string): { id: string | null; code: string } | undefined {
  if (/^(T1S|T1U|M1)[A-Za-z0-9+/=]+$/.test(text)) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { id: null, code: 'ParseError' };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return { id: null, code: 'ParseError' };
  const code = codeOf(document as Record<string, unknown>);
  const { id } = document as { id?: unknown };
  return code === undefined ? undefined : { id: typeof id === 'string' ? id : null, code };
}

const HEX_ID = /^[0-9a-f]{16}$/i;

function codeOf(document: Record<string, unknown>): string | undefined {
  const { type, id, name, trace_id: traceId, start_time: start, end_time: end, in_progress: inProgress, parent_id: parentId } = document;
  if (type !== undefined && type !== 'subsegment') return 'UnknownType';
  if (id === undefined) return 'MissingId';
  if (typeof id !== 'string' || !HEX_ID.test(id)) return 'InvalidId';
  if (name === undefined) return 'MissingName';
  if (typeof name !== 'string' || name === '') return 'InvalidName';
  if (traceId === undefined) return 'MissingTraceId';
  if (typeof traceId !== 'string' || !/^1-[0-9a-f]{8}-[0-9a-f]{24}$/i.test(traceId)) return 'InvalidTraceId';
  if (typeof start !== 'number') return 'MissingStartTime';
  if (inProgress === true && end !== undefined) return 'InProgressSegmentHasEndTime';
  if (inProgress !== true && typeof end !== 'number') return 'MissingEndTime';
  if (type === 'subsegment' && parentId === undefined) return 'MissingParentId';
  if (parentId !== undefined && (typeof parentId !== 'string' || !HEX_ID.test(parentId))) return 'InvalidParentId';
  return undefined;
}
