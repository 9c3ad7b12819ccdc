import { parseJson } from '../../json/exact-number.ts';
import { textShapeProblem } from '../../json/json-shape.ts';
import { arrayOf, isObject, numberOf, objectOf, textOf, type Json } from '../../json/json.ts';
import {
  Admission,
  DECODE_LIMITS,
  malformed,
  SPAN_ID_DIGITS,
  TRACE_ID_DIGITS,
  type Decoded,
  type DecodeLimits,
  type DecodeProblem,
} from '../otlp/decoding.ts';
import { KIND, newAttributes, newSpan, type Span } from '../otlp/messages.ts';
import { derivedId } from '../otlp/segment/derived-id.ts';
import { addEndpoints } from './endpoints.ts';
import { eventOf } from './events.ts';
import { Groups } from './groups.ts';
import { nanosOf } from './nanos.ts';
import { addTags } from './tags.ts';

const MAX_DEPTH = 64;
const JSON_VALUES_PER_ITEM = 5;
const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/**
 * Reads a list of Zipkin's v2 spans as OTLP has them. Invalid spans are left out and counted. Source: Zipkin's API,
 * zipkin2-api.yaml; where Zipkin and OTLP differ, the collector's translator.
 */
export function readZipkinJson(text: string, limits: DecodeLimits = DECODE_LIMITS): Decoded | DecodeProblem {
  const shape = textShapeProblem(text, { maxDepth: MAX_DEPTH, maxValues: limits.maxItems * JSON_VALUES_PER_ITEM });
  if (shape === 'too_many_values')
    return { isDecoded: false, code: 'too_large', message: 'the JSON has too many values' };
  if (shape === 'too_deep') return malformed(`the JSON is nested more than ${MAX_DEPTH} levels deep`);
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    return malformed('the body is not JSON');
  }
  return Array.isArray(json) ? new ZipkinReader(limits).read(json as unknown[]) : malformed('the body is not a list');
}

const KINDS: ReadonlyMap<unknown, number> = new Map([
  ['CLIENT', KIND.client],
  ['SERVER', KIND.server],
  ['PRODUCER', KIND.producer],
  ['CONSUMER', KIND.consumer],
]);

class ZipkinReader {
  readonly #admission: Admission;
  readonly #groups = new Groups();

  constructor(limits: DecodeLimits) {
    this.#admission = new Admission(limits);
  }

  read(list: readonly unknown[]): Decoded | DecodeProblem {
    const shared = sharedSpans(list);
    for (const item of list) {
      if (!this.#admission.admitSpan()) break;
      if (isObject(item)) this.#add(item, shared);
      else this.#admission.reject('a span is not an object');
    }
    return this.#admission.decoded(this.#groups.resourceSpans());
  }

  #add(json: Json, shared: ReadonlySet<string>): void {
    const micros = numberOf(json['timestamp']);
    if (micros === undefined || micros <= 0) {
      this.#admission.reject('timestamp is missing');
      return;
    }
    const attributes = newAttributes();
    const span: Span = { ...newSpan(), ...idsOf(json, shared), attributes };
    span.name = textOf(json['name']) ?? '';
    span.kind = KINDS.get(json['kind']) ?? KIND.unspecified;
    span.startTimeUnixNano = nanosOf(micros);
    const end = span.startTimeUnixNano + nanosOf(numberOf(json['duration']));
    span.endTimeUnixNano = end > MAX_UINT64 ? MAX_UINT64 : end;
    addEndpoints(json, span.kind, attributes);
    const { resource, scope } = addTags(this.#tagsOf(json), span);
    for (const annotation of arrayOf(json['annotations']))
      if (isObject(annotation) && this.#admission.admitItem()) span.events.push(eventOf(annotation));
    if (!this.#admission.isValid(span)) return;
    const service = textOf(objectOf(json['localEndpoint'])['serviceName']);
    if (service !== undefined) resource['service.name'] = service;
    this.#groups.add(span, resource, scope);
  }

  /** Up to the limit. Tags are texts; instrumentation of other languages also sends numbers. */
  #tagsOf(json: Json): [string, string][] {
    const tags: [string, string][] = [];
    for (const [key, value] of Object.entries(objectOf(json['tags']))) {
      if (tags.length === this.#admission.maxAttributes || !this.#admission.admitItem()) break;
      tags.push([key, typeof value === 'string' ? value : JSON.stringify(value)]);
    }
    return tags;
  }
}

type Ids = Pick<Span, 'traceId' | 'spanId' | 'parentSpanId'>;

/**
 * Client and server may share one span. X-Ray and OTLP replace spans with the same ID, so that the server's half gets an
 * ID of its own, and the client's half as its parent; the server's other spans of the request move with it. A sidecar
 * proxy and the server behind it both have a half, so that the service is part of the ID.
 */
function idsOf(json: Json, shared: ReadonlySet<string>): Ids {
  const ids = sentIds(json);
  if (json['shared'] === true)
    return { ...ids, spanId: derivedId(`${halfOf(json, ids)} shared`), parentSpanId: ids.spanId };
  const parent = halfOf(json, { traceId: ids.traceId, spanId: ids.parentSpanId });
  return shared.has(parent) ? { ...ids, parentSpanId: derivedId(`${parent} shared`) } : ids;
}

/** compat: Zipkin pads short IDs, which clients send that cut leading zeros. */
function sentIds(json: Json): Ids {
  const spanId = idOf(json['id'], SPAN_ID_DIGITS);
  const parentSpanId = idOf(json['parentId'], SPAN_ID_DIGITS);
  return {
    traceId: idOf(json['traceId'], TRACE_ID_DIGITS),
    spanId,
    parentSpanId: parentSpanId === spanId ? '' : parentSpanId,
  };
}

function idOf(id: unknown, digits: number): string {
  return typeof id === 'string' && id !== '' ? id.toLowerCase().padStart(digits, '0') : '';
}

function sharedSpans(list: readonly unknown[]): ReadonlySet<string> {
  const halves = new Set<string>();
  for (const json of list) if (isObject(json) && json['shared'] === true) halves.add(halfOf(json, sentIds(json)));
  return halves;
}

/** The half of a shared span that the service of `json` has. */
function halfOf(json: Json, { traceId, spanId }: Pick<Ids, 'traceId' | 'spanId'>): string {
  return `${traceId} ${spanId} ${textOf(objectOf(json['localEndpoint'])['serviceName']) ?? ''}`;
}
