import { parseJson } from '../../json/exact-number.ts';
import { textShapeProblem } from '../../json/json-shape.ts';
import { arrayOf, isObject, objectOf, type Json } from '../../json/json.ts';
import {
  Admission,
  DECODE_LIMITS,
  isValidLink,
  malformed,
  type Decoded,
  type DecodeLimits,
  type DecodeProblem,
} from './decoding.ts';
import { count, field, id, JsonValues, text, unsigned } from './json-values.ts';
import { quoteNonFinite } from './non-finite.ts';
import { newResourceSpans, type Event, type Link, type ResourceSpans, type ScopeSpans, type Span } from './messages.ts';

/** Depth of the text: a level of a value takes three in JSON, and values that are too deep only lose their insides. */
const MAX_JSON_DEPTH = 100_000;
/**
 * Values of the text for each item that is counted: an attribute has ten with its names of members, but 64 MB of JSON
 * hold half as many attributes as 64 MB of protobuf.
 */
const JSON_VALUES_PER_ITEM = 5;

/**
 * Reads OTLP's JSON. Names of members are accepted in lowerCamelCase and as in the .proto files, integers as texts and
 * as numbers; members that are unknown or have another type are ignored. Invalid spans are left out and counted.
 */
export function readTracesJson(text: string, limits: DecodeLimits = DECODE_LIMITS): Decoded | DecodeProblem {
  const body = bodyObject(text, limits);
  return 'isDecoded' in body ? body : tracesFromJson(body.json, limits);
}

/** The object that a body contains, whatever its signal. */
export function bodyObject(text: string, limits: DecodeLimits): { readonly json: Json } | DecodeProblem {
  const shape = textShapeProblem(text, {
    maxDepth: MAX_JSON_DEPTH,
    maxValues: limits.maxItems * JSON_VALUES_PER_ITEM,
  });
  if (shape === 'too_many_values')
    return { isDecoded: false, code: 'too_large', message: 'the JSON has too many values' };
  if (shape === 'too_deep') return malformed(`the JSON is nested more than ${MAX_JSON_DEPTH} levels deep`);
  const json = parsed(text);
  return isObject(json) ? { json } : malformed('the body is not a JSON object');
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    try {
      return parseJson(quoteNonFinite(text));
    } catch {
      return undefined;
    }
  }
}

/** The same for JSON that is parsed, with an `ExactNumber` for each number that a double cannot hold. */
export function tracesFromJson(json: Json, limits: DecodeLimits = DECODE_LIMITS): Decoded | DecodeProblem {
  const reader = new JsonReader(limits);
  return reader.read(json);
}

const EMPTY: Json = Object.freeze({});

class JsonReader {
  readonly #admission: Admission;
  readonly #values: JsonValues;

  constructor(limits: DecodeLimits) {
    this.#admission = new Admission(limits);
    this.#values = new JsonValues(this.#admission);
  }

  read(json: Json): Decoded | DecodeProblem {
    const list = field(json, 'resourceSpans', 'resource_spans');
    if (list !== undefined && list !== null && !Array.isArray(list)) return malformed('resourceSpans is not a list');
    const resourceSpans: ResourceSpans[] = [];
    for (const item of this.#values.items(list)) resourceSpans.push(this.#resourceSpans(item));
    return this.#admission.decoded(resourceSpans);
  }

  #resourceSpans(json: Json): ResourceSpans {
    const result = newResourceSpans();
    const resource = objectOf(json['resource']);
    result.resource = { ...this.#values.attributed(resource) };
    result.schemaUrl = text(field(json, 'schemaUrl', 'schema_url'));
    for (const item of this.#values.items(field(json, 'scopeSpans', 'scope_spans'))) {
      const scope = this.#scopeSpans(item);
      if (scope === undefined) break;
      result.scopeSpans.push(scope);
    }
    return result;
  }

  #scopeSpans(json: Json): ScopeSpans | undefined {
    const spans: Span[] = [];
    for (const item of arrayOf(json['spans'])) {
      if (!this.#admission.admitSpan()) return undefined;
      const span = this.#span(isObject(item) ? item : EMPTY);
      if (this.#admission.isValid(span)) spans.push(span);
    }
    return {
      scope: this.#values.scope(objectOf(json['scope'])),
      schemaUrl: text(field(json, 'schemaUrl', 'schema_url')),
      spans,
    };
  }

  #span(json: Json): Span {
    const events = [...this.#values.items(json['events'])].map((event) => this.#event(event));
    const all = [...this.#values.items(json['links'])].map((link) => this.#link(link));
    const links = all.filter(isValidLink);
    const status = objectOf(json['status']);
    return {
      traceId: id(field(json, 'traceId', 'trace_id')),
      spanId: id(field(json, 'spanId', 'span_id')),
      traceState: text(field(json, 'traceState', 'trace_state')),
      parentSpanId: id(field(json, 'parentSpanId', 'parent_span_id')),
      name: text(json['name']),
      kind: enumerated(json['kind'], KINDS),
      startTimeUnixNano: unsigned(field(json, 'startTimeUnixNano', 'start_time_unix_nano')),
      endTimeUnixNano: unsigned(field(json, 'endTimeUnixNano', 'end_time_unix_nano')),
      ...this.#values.attributed(json),
      events,
      droppedEventsCount: count(field(json, 'droppedEventsCount', 'dropped_events_count')),
      links,
      droppedLinksCount: count(field(json, 'droppedLinksCount', 'dropped_links_count')) + all.length - links.length,
      status: { message: text(status['message']), code: enumerated(status['code'], STATUSES) },
      flags: count(json['flags']),
    };
  }

  #event(json: Json): Event {
    return {
      timeUnixNano: unsigned(field(json, 'timeUnixNano', 'time_unix_nano')),
      name: text(json['name']),
      ...this.#values.attributed(json),
    };
  }

  #link(json: Json): Link {
    return {
      traceId: id(field(json, 'traceId', 'trace_id')),
      spanId: id(field(json, 'spanId', 'span_id')),
      traceState: text(field(json, 'traceState', 'trace_state')),
      ...this.#values.attributed(json),
      flags: count(json['flags']),
    };
  }
}

const KINDS: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUSES: readonly string[] = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** compat: the collector also accepts the names of enumerations. */
function enumerated(value: unknown, names: readonly string[]): number {
  return typeof value === 'string' ? Math.max(0, names.indexOf(value)) : count(value);
}
