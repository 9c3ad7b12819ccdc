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
import {
  Bytes,
  newAttributes,
  newEvent,
  newLink,
  newResource,
  newResourceSpans,
  newScope,
  newScopeSpans,
  newSpan,
  type Event,
  type Link,
  type Resource,
  type ResourceSpans,
  type Scope,
  type ScopeSpans,
  type Span,
  type Status,
  type Value,
} from './messages.ts';
import { EVENT, FIRST, LINK, RESOURCE_DROPPED, SCOPE, SECOND, SPAN, STATUS_CODE, THIRD, VALUE } from './tags.ts';
import { WireReader } from './wire.ts';

/**
 * Decodes a `TracesData` or an `ExportTraceServiceRequest` in protobuf. Unknown fields are skipped; of the fields of a
 * message the last one counts. Invalid spans are left out and counted; the rest of the request is kept.
 */
export function decodeTraces(body: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): Decoded | DecodeProblem {
  return new Decoder(body, limits).decode();
}

interface HasAttributes {
  readonly attributes: Readonly<Record<string, Value>>;
  droppedAttributesCount: number;
}

class Decoder {
  readonly #reader: WireReader;
  readonly #admission: Admission;

  constructor(body: Uint8Array, limits: DecodeLimits) {
    this.#reader = new WireReader(body);
    this.#admission = new Admission(limits);
  }

  decode(): Decoded | DecodeProblem {
    const reader = this.#reader;
    const resourceSpans: ResourceSpans[] = [];
    for (let tag = reader.tag(reader.length); tag !== 0; tag = reader.tag(reader.length)) {
      if (tag === FIRST && this.#admitItem()) resourceSpans.push(this.#resourceSpans());
      else reader.skip(tag);
    }
    if (this.#admission.problem !== undefined) return this.#admission.problem;
    if (reader.problem !== undefined) return malformed(reader.problem);
    return this.#admission.decoded(resourceSpans);
  }

  /** False at the limit, which also ends the reading. */
  #admitItem(): boolean {
    if (this.#admission.admitItem()) return true;
    this.#reader.fail('too many items');
    return false;
  }

  #resourceSpans(): ResourceSpans {
    const reader = this.#reader;
    const result = newResourceSpans();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) result.resource = this.#resource();
      else if (tag === SECOND && this.#admitItem()) result.scopeSpans.push(this.#scopeSpans());
      else if (tag === THIRD) result.schemaUrl = reader.text();
      else reader.skip(tag);
    }
    return result;
  }

  #resource(): Resource {
    const reader = this.#reader;
    const resource = newResource();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) this.#attribute(resource, count++);
      else if (tag === RESOURCE_DROPPED) resource.droppedAttributesCount += reader.uint32();
      else reader.skip(tag);
    }
    return resource;
  }

  #scopeSpans(): ScopeSpans {
    const reader = this.#reader;
    const result = newScopeSpans();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) result.scope = this.#scope();
      else if (tag === SECOND) this.#span(result.spans);
      else if (tag === THIRD) result.schemaUrl = reader.text();
      else reader.skip(tag);
    }
    return result;
  }

  #scope(): Scope {
    const reader = this.#reader;
    const scope = newScope();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === SCOPE.name) scope.name = reader.text();
      else if (tag === SCOPE.version) scope.version = reader.text();
      else if (tag === SCOPE.attribute) this.#attribute(scope, count++);
      else if (tag === SCOPE.droppedAttributes) scope.droppedAttributesCount += reader.uint32();
      else reader.skip(tag);
    }
    return scope;
  }

  #span(spans: Span[]): void {
    const reader = this.#reader;
    if (!this.#admission.admitSpan()) {
      reader.fail('too many spans');
      return;
    }
    const span = newSpan();
    let attributes = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      switch (tag) {
        case SPAN.traceId:
          span.traceId = reader.hex();
          break;
        case SPAN.spanId:
          span.spanId = reader.hex();
          break;
        case SPAN.traceState:
          span.traceState = reader.text();
          break;
        case SPAN.parentSpanId:
          span.parentSpanId = reader.hex();
          break;
        case SPAN.name:
          span.name = reader.text();
          break;
        case SPAN.kind:
          span.kind = reader.uint32();
          break;
        case SPAN.start:
          span.startTimeUnixNano = reader.fixed64();
          break;
        case SPAN.end:
          span.endTimeUnixNano = reader.fixed64();
          break;
        case SPAN.attribute:
          this.#attribute(span, attributes++);
          break;
        case SPAN.droppedAttributes:
          span.droppedAttributesCount += reader.uint32();
          break;
        case SPAN.event:
          if (this.#admitItem()) span.events.push(this.#event());
          break;
        case SPAN.droppedEvents:
          span.droppedEventsCount += reader.uint32();
          break;
        case SPAN.link:
          if (this.#admitItem()) this.#link(span);
          break;
        case SPAN.droppedLinks:
          span.droppedLinksCount += reader.uint32();
          break;
        case SPAN.status:
          span.status = this.#status();
          break;
        case SPAN.flags:
          span.flags = reader.fixed32();
          break;
        default:
          reader.skip(tag);
      }
    }
    if (reader.problem === undefined && this.#admission.isValid(span)) spans.push(span);
  }

  #event(): Event {
    const reader = this.#reader;
    const event = newEvent();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === EVENT.time) event.timeUnixNano = reader.fixed64();
      else if (tag === EVENT.name) event.name = reader.text();
      else if (tag === EVENT.attribute) this.#attribute(event, count++);
      else if (tag === EVENT.droppedAttributes) event.droppedAttributesCount += reader.uint32();
      else reader.skip(tag);
    }
    return event;
  }

  #link(span: Span): void {
    const reader = this.#reader;
    const link: Link = newLink();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === LINK.traceId) link.traceId = reader.hex();
      else if (tag === LINK.spanId) link.spanId = reader.hex();
      else if (tag === LINK.traceState) link.traceState = reader.text();
      else if (tag === LINK.attribute) this.#attribute(link, count++);
      else if (tag === LINK.droppedAttributes) link.droppedAttributesCount += reader.uint32();
      else if (tag === LINK.flags) link.flags = reader.fixed32();
      else reader.skip(tag);
    }
    if (isValidLink(link)) span.links.push(link);
    else span.droppedLinksCount++;
  }

  #status(): Status {
    const reader = this.#reader;
    const status: Status = { message: '', code: 0 };
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === SECOND) status.message = reader.text();
      else if (tag === STATUS_CODE) status.code = reader.uint32();
      else reader.skip(tag);
    }
    return status;
  }

  /** Reads the attribute that `count` others precede. */
  #attribute(owner: HasAttributes, count: number): void {
    const reader = this.#reader;
    if (count >= this.#admission.maxAttributes) {
      reader.skip(FIRST);
      owner.droppedAttributesCount++;
      return;
    }
    if (this.#admitItem()) this.#keyValue(owner.attributes, 0);
  }

  #keyValue(attributes: Readonly<Record<string, Value>>, depth: number): void {
    const reader = this.#reader;
    let key = '';
    let value: Value = null;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) key = reader.text();
      else if (tag === SECOND) value = this.#value(depth);
      else reader.skip(tag);
    }
    (attributes as Record<string, Value>)[key] = value;
  }

  #value(depth: number): Value {
    const reader = this.#reader;
    let value: Value = null;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      switch (tag) {
        case VALUE.string:
          value = reader.text();
          break;
        case VALUE.bool:
          value = reader.bool();
          break;
        case VALUE.int:
          value = reader.int64();
          break;
        case VALUE.double:
          value = reader.double();
          break;
        case VALUE.array:
          value = this.#list(depth + 1);
          break;
        case VALUE.map:
          value = this.#map(depth + 1);
          break;
        case VALUE.bytes:
          value = new Bytes(reader.base64());
          break;
        default:
          reader.skip(tag);
      }
    }
    return value;
  }

  #list(depth: number): Value {
    const reader = this.#reader;
    if (depth > MAX_VALUE_DEPTH) {
      reader.skip(FIRST);
      return TOO_DEEP;
    }
    const values: Value[] = [];
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag !== FIRST) reader.skip(tag);
      else if (this.#admitItem()) values.push(this.#value(depth));
    }
    return values;
  }

  #map(depth: number): Value {
    const reader = this.#reader;
    if (depth > MAX_VALUE_DEPTH) {
      reader.skip(FIRST);
      return TOO_DEEP;
    }
    const map = newAttributes();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag !== FIRST) reader.skip(tag);
      else if (this.#admitItem()) this.#keyValue(map, depth);
    }
    return map;
  }
}
