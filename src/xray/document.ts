/** The members of a segment document that a person wants to see at once; each may be missing or of a wrong type. */
export interface DocumentSummary {
  readonly kind: 'segment' | 'subsegment';
  readonly traceId: string;
  readonly name: string;
  readonly startMs: number;
  /** undefined while the segment is in progress. */
  readonly durationMs: number | undefined;
  readonly status: 'ok' | 'error' | 'fault' | 'throttle' | 'in progress';
  readonly httpStatus: number | undefined;
  readonly subsegments: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads a document's text; undefined when it is not one JSON object. */
export function summarize(text: string): DocumentSummary | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(document)) return undefined;
  const start = numberOf(document['start_time']);
  const end = numberOf(document['end_time']);
  return {
    kind: document['type'] === 'subsegment' ? 'subsegment' : 'segment',
    traceId: textOf(document['trace_id']),
    name: textOf(document['name']),
    startMs: (start ?? 0) * 1000,
    durationMs: start === undefined || end === undefined ? undefined : (end - start) * 1000,
    status: statusOf(document),
    httpStatus: httpStatusOf(document),
    subsegments: countSubsegments(document),
  };
}

/** compat: a throttle hides the error it comes with, as in X-Ray's own summaries. Source: X-Ray developer guide, segment documents. */
function statusOf(document: Json): DocumentSummary['status'] {
  if (document['in_progress'] === true) return 'in progress';
  if (document['fault'] === true) return 'fault';
  if (document['throttle'] === true) return 'throttle';
  return document['error'] === true ? 'error' : 'ok';
}

function httpStatusOf(document: Json): number | undefined {
  const http = document['http'];
  const response = isObject(http) ? http['response'] : undefined;
  return isObject(response) ? numberOf(response['status']) : undefined;
}

function countSubsegments(document: Json): number {
  let count = 0;
  const open: unknown[] = [document];
  while (open.length > 0) {
    const next = open.pop();
    const children = isObject(next) ? next['subsegments'] : undefined;
    if (!Array.isArray(children)) continue;
    count += children.length;
    for (const child of children) open.push(child);
  }
  return count;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
