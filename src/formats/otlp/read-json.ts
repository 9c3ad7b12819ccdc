import { ExactNumber, parseJson } from '../../json/exact-number.ts';
import { textShapeProblem } from '../../json/json-shape.ts';
import { bareRecord, arrayOf, isObject, numberOf, objectOf, type Json } from '../../json/json.ts';
import {
  Admission,
  DECODE_LIMITS,
  isValidLink,
  malformed,
  MAX_VALUE_DEPTH,
  TOO_DEEP,
  type Decoded,
  type DecodeLimits,
  type DecodeProblem,
} from './decoding.ts';
import { quoteNonFinite } from './non-finite.ts';
import {
  Bytes,
  newAttributes,
  newResourceSpans,
  type Attributes,
  type Event,
  type Link,
  type ResourceSpans,
  type Scope,
  type ScopeSpans,
  type Span,
  type Value,
} from './messages.ts';

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
  const shape = textShapeProblem(text, {
    maxDepth: MAX_JSON_DEPTH,
    maxValues: limits.maxItems * JSON_VALUES_PER_ITEM,
  });
  if (shape === 'too_many_values')
    return { isDecoded: false, code: 'too_large', message: 'the JSON has too many values' };
  if (shape === 'too_deep') return malformed(`the JSON is nested more than ${MAX_JSON_DEPTH} levels deep`);
  const json = parsed(text);
  return isObject(json) ? tracesFromJson(json, limits) : malformed('the body is not a JSON object');
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

  constructor(limits: DecodeLimits) {
    this.#admission = new Admission(limits);
  }

  read(json: Json): Decoded | DecodeProblem {
    const list = field(json, 'resourceSpans', 'resource_spans');
    if (list !== undefined && list !== null && !Array.isArray(list)) return malformed('resourceSpans is not a list');
    const resourceSpans: ResourceSpans[] = [];
    for (const item of this.#items(list)) resourceSpans.push(this.#resourceSpans(item));
    return this.#admission.decoded(resourceSpans);
  }

  /** The objects in a list, up to the limit. */
  *#items(list: unknown): Generator<Json> {
    for (const item of arrayOf(list)) {
      if (!this.#admission.admitItem()) return;
      if (isObject(item)) yield item;
    }
  }

  #resourceSpans(json: Json): ResourceSpans {
    const result = newResourceSpans();
    const resource = objectOf(json['resource']);
    result.resource = { ...this.#attributed(resource) };
    result.schemaUrl = text(field(json, 'schemaUrl', 'schema_url'));
    for (const item of this.#items(field(json, 'scopeSpans', 'scope_spans'))) {
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
      scope: this.#scope(objectOf(json['scope'])),
      schemaUrl: text(field(json, 'schemaUrl', 'schema_url')),
      spans,
    };
  }

  #scope(json: Json): Scope {
    return { name: text(json['name']), version: text(json['version']), ...this.#attributed(json) };
  }

  #span(json: Json): Span {
    const events = [...this.#items(json['events'])].map((event) => this.#event(event));
    const all = [...this.#items(json['links'])].map((link) => this.#link(link));
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
      ...this.#attributed(json),
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
      ...this.#attributed(json),
    };
  }

  #link(json: Json): Link {
    return {
      traceId: id(field(json, 'traceId', 'trace_id')),
      spanId: id(field(json, 'spanId', 'span_id')),
      traceState: text(field(json, 'traceState', 'trace_state')),
      ...this.#attributed(json),
      flags: count(json['flags']),
    };
  }

  #attributed(json: Json): { attributes: Attributes; droppedAttributesCount: number } {
    const attributes = newAttributes();
    const list = arrayOf(json['attributes']);
    const { maxAttributes } = this.#admission;
    this.#fill(attributes, list.length > maxAttributes ? list.slice(0, maxAttributes) : list, 0);
    return {
      attributes,
      droppedAttributesCount:
        count(field(json, 'droppedAttributesCount', 'dropped_attributes_count')) +
        Math.max(0, list.length - maxAttributes),
    };
  }

  #fill(attributes: Record<string, Value>, list: unknown, depth: number): void {
    for (const item of this.#items(list)) attributes[text(item['key'])] = this.#value(item['value'], depth);
  }

  #value(json: unknown, depth: number): Value {
    if (!isObject(json)) return null;
    for (const name of Object.keys(json)) {
      const read = VALUES[name];
      if (read !== undefined) return read(json[name]);
      const isList = name === 'arrayValue' || name === 'array_value';
      if (!isList && name !== 'kvlistValue' && name !== 'kvlist_value') continue;
      if (depth >= MAX_VALUE_DEPTH) return TOO_DEEP;
      const values = objectOf(json[name])['values'];
      if (isList) return this.#list(values, depth + 1);
      const map = newAttributes();
      this.#fill(map, values, depth + 1);
      return map;
    }
    return null;
  }

  #list(values: unknown, depth: number): Value {
    const list: Value[] = [];
    for (const value of arrayOf(values)) {
      if (!this.#admission.admitItem()) break;
      list.push(this.#value(value, depth));
    }
    return list;
  }
}

const VALUES: Readonly<Record<string, ((value: unknown) => Value) | undefined>> = Object.assign(
  bareRecord<(value: unknown) => Value>(),
  {
    stringValue: text,
    string_value: text,
    boolValue: (value: unknown) => value === true,
    bool_value: (value: unknown) => value === true,
    intValue: integer,
    int_value: integer,
    doubleValue: double,
    double_value: double,
    bytesValue: bytes,
    bytes_value: bytes,
  },
);

const KINDS: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUSES: readonly string[] = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** A member by its name in JSON, or in the .proto files. */
function field(json: Json, name: string, original: string): unknown {
  return json[name] ?? json[original];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** compat: IDs are hexadecimal in any case, unlike other bytes. Source: OTLP specification, JSON protobuf encoding. */
function id(value: unknown): string {
  return text(value).toLowerCase();
}

function bytes(value: unknown): Value {
  return new Bytes(text(value));
}

const INTEGER = /^-?\d{1,20}$/;

/** 64-bit integers are texts or numbers, of which a double holds only some. */
function integer(value: unknown): bigint {
  const source = value instanceof ExactNumber ? value.exact : value;
  if (typeof source === 'string' && INTEGER.test(source)) return BigInt(source);
  const number = Number(source);
  return Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n;
}

function unsigned(value: unknown): bigint {
  const number = integer(value);
  return number < 0n || number > 0xffff_ffff_ffff_ffffn ? 0n : number;
}

function double(value: unknown): number {
  return value instanceof ExactNumber ? value.double : Number(value);
}

function count(value: unknown): number {
  return Math.max(0, Math.min(0xffff_ffff, Math.trunc(numberOf(value) ?? 0)));
}

/** compat: the collector also accepts the names of enumerations. */
function enumerated(value: unknown, names: readonly string[]): number {
  return typeof value === 'string' ? Math.max(0, names.indexOf(value)) : count(value);
}
