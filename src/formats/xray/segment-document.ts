import { double } from '../../json/aws-json.ts';
import { isObject, numberOf, textOf, type Json } from '../../json/json.ts';

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

/** The document as AWS returns it, without its subsegments: times as doubles, resource names added. */
export function segmentDocument(
  json: Json,
  { name, isInside, isCall }: { readonly name: string; readonly isInside: boolean; readonly isCall: boolean },
): Record<string, unknown> {
  const document: Record<string, unknown> = Object.create(null);
  for (const key of [...ORDER, ...Object.keys(json)]) {
    if (key in document || !Object.hasOwn(json, key) || key === 'subsegments') continue;
    if (json[key] === null || json[key] === undefined) continue;
    if (RESERVED.has(key) || (isInside && FOLDED.has(key))) continue;
    document[key] = processedMember(key, json[key]);
  }
  document['name'] = name;
  if (isCall) addResourceNames(document);
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
