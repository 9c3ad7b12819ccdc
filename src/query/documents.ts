import { createHash } from 'node:crypto';
import { double, seconds } from '../json/aws-json.ts';
import type { Trace } from '../trace/assemble.ts';
import { walk, type Entity } from '../trace/entity.ts';
import { isObject, numberOf, textOf, type Json } from '../json/json.ts';
import { inferredOriginOf } from '../trace/service-id.ts';
import type { TraceView } from '../trace/trace-view.ts';

/** X-Ray's quota for a trace. It refuses documents beyond it; the local X-Ray stores them. */
export const MAX_TRACE_BYTES = 500 * 1024;

/** Maximum characters of inferred documents: for 30,000 calls in a trace, they are three times as long as the trace. */
const MAX_INFERRED_LENGTH = 2_000_000;

/** A member of `Traces` in the output of BatchGetTraces: processed documents, then inferred ones up to the limit of characters. */
export function traceMembers(view: TraceView, maxInferred = MAX_INFERRED_LENGTH): object {
  const { trace } = view;
  const segments = trace.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(processed(segment)) }));
  const inferred: { Id: string; Document: string }[] = [];
  let length = 0;
  for (const segment of trace.segments) {
    walk(segment, (entity) => {
      if (length > maxInferred || !trace.isInferring(entity)) return;
      const json = inferredDocument(trace, entity);
      const Document = JSON.stringify(json);
      length += Document.length;
      inferred.push({ Id: json['id'] as string, Document });
    });
  }
  return {
    Id: trace.id,
    Duration: seconds(view.duration),
    LimitExceeded: trace.bytes > MAX_TRACE_BYTES || length > maxInferred,
    Segments: [...segments, ...inferred],
  };
}

/** Members in AWS's order; others follow. Source: recorded answers of X-Ray. */
const ORDER = [
  'id',
  'name',
  'start_time',
  'trace_id',
  'end_time',
  'in_progress',
  'parent_id',
  'inferred',
  'fault',
  'error',
  'throttle',
  'http',
  'aws',
  'origin',
  'annotations',
  'namespace',
  'cause',
];

/** Members that only X-Ray sets. */
const RESERVED = new Set(['inferred']);

/** Members that streamed subsegments need to find their parent; embedded subsegments do not have them. */
const FOLDED = new Set(['type', 'parent_id', 'trace_id']);

/** The document as AWS returns it: streamed subsegments in their place, times as doubles, resource names added. */
export function processed(entity: Entity): Json {
  const document = ownMembers(entity);
  if (entity.children.length > 0) document['subsegments'] = entity.children.map(processed);
  return document;
}

/** The document without its subsegments. */
function ownMembers(entity: Entity): Record<string, unknown> {
  const { json } = entity;
  const document: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of [...ORDER, ...Object.keys(json)]) {
    if (key in document || !Object.hasOwn(json, key) || json[key] === null || key === 'subsegments') continue;
    if (RESERVED.has(key) || (entity.parent !== undefined && FOLDED.has(key))) continue;
    document[key] = processedMember(key, json[key]);
  }
  document['name'] = entity.name;
  if (entity.isCall) addResourceNames(document);
  return document;
}

function processedMember(key: string, value: unknown): unknown {
  switch (key) {
    case 'start_time':
    case 'end_time':
      return double(numberOf(value));
    case 'http':
      return withoutTraced(value);
    case 'cause':
      return withoutEmptyStacks(value);
    default:
      return value;
  }
}

/** Removes `http.request.traced`, which is no longer needed. */
function withoutTraced(http: unknown): unknown {
  if (!isObject(http) || !isObject(http['request'])) return http;
  const { traced: _, ...request } = http['request'];
  return { ...http, request };
}

function withoutEmptyStacks(cause: unknown): unknown {
  if (!isObject(cause) || !Array.isArray(cause['exceptions'])) return cause;
  const exceptions = cause['exceptions'].map((exception: unknown) => {
    if (!isObject(exception) || !Array.isArray(exception['stack']) || exception['stack'].length > 0) return exception;
    const { stack: _, ...rest } = exception;
    return rest;
  });
  return { ...cause, exceptions };
}

const RESOURCE_KEYS = ['table_name', 'bucket_name', 'queue_url', 'topic_arn', 'function_name'];

function addResourceNames(document: Record<string, unknown>): void {
  const { aws } = document;
  if (!isObject(aws) || textOf(aws['operation']) === undefined || aws['resource_names'] !== undefined) return;
  const names = RESOURCE_KEYS.map((key) => textOf(aws[key])).filter((name) => name !== undefined);
  if (names.length > 0) document['aws'] = { ...aws, resource_names: names.slice(0, 1) };
}

/** The segment of a service that does not report. AWS's IDs are random; these are stable, so that a page can keep its position. */
export function inferredDocument(trace: Trace, call: Entity): Json {
  const seen = ownMembers(call);
  const document: Record<string, unknown> = {
    id: inferredIdOf(trace.id, call.id),
    name: call.name,
    start_time: double(call.start),
    trace_id: trace.id,
    end_time: double(call.end ?? call.start),
    parent_id: call.id,
    inferred: true,
  };
  for (const key of ['fault', 'error', 'throttle', 'http', 'aws']) if (seen[key] !== undefined) document[key] = seen[key];
  const origin = inferredOriginOf(call);
  if (origin !== undefined) document['origin'] = origin;
  if (call.name === 'SQS' && call.aws['operation'] === 'SendMessage') {
    const queue = {
      id: inferredIdOf(trace.id, `${call.id} queue`),
      name: 'QueueTime',
      start_time: document['start_time'],
      end_time: document['end_time'],
    };
    document['subsegments'] = [queue];
  }
  return document;
}

function inferredIdOf(traceId: string, id: string): string {
  return createHash('sha1').update(`${traceId} ${id}`).digest('hex').slice(0, 16);
}
