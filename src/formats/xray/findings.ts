import { ExactNumber } from '../../json/exact-number.ts';
import { arrayOf, integerOf, isObject, objectOf, type Json } from '../../json/json.ts';
import type { Finding, Span } from '../../trace/model.ts';
import { shown } from '../../trace/shown.ts';

/**
 * The type of a document's member. Members that are not in the table may have any type: X-Ray stores them, and nothing
 * here reads them.
 */
export type Shape =
  | 'text'
  | 'number'
  | 'whole number'
  | 'boolean'
  | 'object'
  | { readonly members: Shapes }
  | { readonly list: Shape }
  | { readonly either: readonly [Shape, Shape] };
export type Shapes = Readonly<Record<string, Shape>>;

const texts = <K extends string>(...names: readonly K[]): Record<K, 'text'> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries knows no keys
  Object.fromEntries(names.map((name) => [name, 'text'])) as Record<K, 'text'>;

const STACK_FRAME: Shape = { members: { path: 'text', line: 'number', label: 'text' } };
const EXCEPTION: Shape = {
  members: {
    ...texts('id', 'message', 'type', 'cause'),
    remote: 'boolean',
    truncated: 'number',
    skipped: 'number',
    stack: { list: STACK_FRAME },
  },
};

/**
 * Segments and subsegments. Source: X-Ray's published schema of segment documents and the developer guide. Deviations
 * of X-Ray's SDKs, such as `cause` as `{"id": …}` and `content_length` as a text, are accepted, because their users
 * cannot change them.
 */
export const DOCUMENT: Shapes = {
  ...texts('id', 'name', 'trace_id', 'parent_id', 'type', 'user', 'origin', 'resource_arn', 'namespace'),
  start_time: 'number',
  end_time: 'number',
  in_progress: 'boolean',
  error: 'boolean',
  fault: 'boolean',
  throttle: 'boolean',
  traced: 'boolean',
  service: { members: texts('version') },
  http: {
    members: {
      request: {
        members: {
          ...texts('method', 'url', 'user_agent', 'client_ip'),
          x_forwarded_for: 'boolean',
          traced: 'boolean',
        },
      },
      response: { members: { status: 'whole number', content_length: { either: ['number', 'text'] } } },
    },
  },
  aws: {
    members: {
      ...texts(
        'account_id',
        'operation',
        'region',
        'request_id',
        'queue_url',
        'table_name',
        'bucket_name',
        'topic_arn',
        'function_name',
        'function_arn',
      ),
      retries: 'number',
      resource_names: { list: 'text' },
      cloudwatch_logs: { list: { members: texts('log_group', 'arn') } },
      ec2: { members: texts('instance_id', 'availability_zone', 'instance_size', 'ami_id') },
      ecs: 'object',
      eks: 'object',
      elastic_beanstalk: 'object',
      xray: 'object',
    },
  },
  cause: {
    either: [
      { members: { working_directory: 'text', paths: { list: 'text' }, exceptions: { list: EXCEPTION } } },
      'text',
    ],
  },
  sql: {
    members: texts(
      'connection_string',
      'url',
      'sanitized_query',
      'database_type',
      'database_version',
      'driver_version',
      'user',
      'preparation',
    ),
  },
  annotations: 'object',
  metadata: 'object',
  precursor_ids: { list: 'text' },
  links: { list: { members: { ...texts('trace_id', 'id'), attributes: 'object' } } },
  subsegments: { list: 'object' },
};

/** Node's SDK writes null if it does not know the line. */
const MAY_BE_NULL = /\.stack\[\d+\]\.line$/;
/** Python's and Ruby's SDKs write `local`. */
const NAMESPACES: ReadonlySet<unknown> = new Set(['aws', 'remote', 'local']);
/** Seconds of the year 5138; current times in milliseconds have thirteen digits. */
const MAX_SECONDS = 1e11;

/** Deviations of (sub)segments from X-Ray's schema, which X-Ray ignores or misreads. */
export function* segmentFindings(spans: readonly Span[]): Generator<Finding> {
  for (const span of spans) yield* findingsOf(span);
}

function* findingsOf(span: Span): Generator<Finding> {
  const { id, recorded: json } = span;
  for (const { path, wanted, found } of mismatches(json, DOCUMENT, '')) {
    yield found === 'null'
      ? {
          code: 'null_member',
          id,
          message: `${path} is null: X-Ray treats it as absent`,
          remedy: `Remove it, or set it to ${wanted}.`,
        }
      : {
          code: 'wrong_type',
          id,
          message: `${path} is ${found}, but X-Ray expects ${wanted}: it is ignored`,
          remedy: `Set it to ${wanted}.`,
        };
  }
  if (json['inferred'] !== undefined) {
    const message =
      'it has the member `inferred`, which is reserved for segments that X-Ray adds: the member is ignored';
    yield { code: 'reserved_member', id, message, remedy: 'Remove `inferred`.' };
  }
  const { namespace } = json;
  if (span.isSubsegment && typeof namespace === 'string' && !NAMESPACES.has(namespace)) {
    const message = `its namespace is "${shown(namespace)}"; X-Ray only knows aws and remote, in lower case, and does not treat it as a call`;
    yield {
      code: 'unknown_namespace',
      id,
      message,
      remedy: 'Set it to aws for calls to AWS services and to remote for other calls, or remove it.',
    };
  }
  yield* times(span);
}

function* times({ id, start, end }: Span): Generator<Finding> {
  if (Math.max(start, end ?? 0) > MAX_SECONDS) {
    const message = 'its times are not seconds since the epoch: they look like milliseconds or smaller units';
    yield {
      code: 'time_unit',
      id,
      message,
      remedy: 'Convert them: start_time and end_time are seconds, with fractions.',
    };
  } else if (start <= 0) {
    yield {
      code: 'time_unit',
      id,
      message: 'it starts before 1970: its start is ignored',
      remedy: 'Set start_time to seconds since the epoch.',
    };
  }
  if (end !== undefined && end < start) {
    const message = `it ends ${Math.round((start - end) * 1000)} ms before it starts: its duration counts as 0`;
    yield {
      code: 'negative_duration',
      id,
      message,
      remedy: 'Measure the duration with a monotonic clock, and add it to the start.',
    };
  }
}

interface Mismatch {
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
}

function* mismatches(json: Json, shapes: Shapes, path: string): Generator<Mismatch> {
  for (const [name, shape] of Object.entries(shapes)) {
    if (Object.hasOwn(json, name)) yield* mismatchesIn(json[name], shape, `${path}${name}`);
  }
}

function* mismatchesIn(value: unknown, shape: Shape, path: string): Generator<Mismatch> {
  if (!isOf(value, shape)) {
    if (value !== null || !MAY_BE_NULL.test(path))
      yield { path, wanted: kindOf(shape), found: value === null ? 'null' : nameOf(value) };
  } else if (typeof shape === 'string') return;
  else if ('either' in shape)
    yield* mismatchesIn(value, isOf(value, shape.either[0]) ? shape.either[0] : shape.either[1], path);
  else if ('members' in shape) yield* mismatches(objectOf(value), shape.members, `${path}.`);
  else for (const [i, element] of arrayOf(value).entries()) yield* mismatchesIn(element, shape.list, `${path}[${i}]`);
}

function isOf(value: unknown, shape: Shape): boolean {
  if (typeof shape !== 'string') {
    if ('either' in shape) return shape.either.some((each) => isOf(value, each));
    return 'list' in shape ? Array.isArray(value) : isObject(value);
  }
  switch (shape) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number' || value instanceof ExactNumber;
    case 'whole number':
      return integerOf(value) !== undefined;
    case 'boolean':
      return typeof value === 'boolean';
    case 'object':
      return isObject(value);
  }
}

function kindOf(shape: Shape): string {
  if (typeof shape !== 'string')
    return 'either' in shape
      ? `${kindOf(shape.either[0])} or ${kindOf(shape.either[1])}`
      : 'list' in shape
        ? 'a list'
        : 'an object';
  return shape === 'object' ? 'an object' : `a ${shape}`;
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const kind = typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'number';
  return `the ${kind} ${shown(JSON.stringify(value))}`;
}
