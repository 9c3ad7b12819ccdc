import {
  Admission,
  DECODE_LIMITS,
  isValidLink,
  type Decoded,
  type DecodeLimits,
  type DecodeProblem,
} from './decoding.ts';
import {
  newEvent,
  newLink,
  newResourceSpans,
  newScopeSpans,
  newSpan,
  type Event,
  type Link,
  type ResourceSpans,
  type ScopeSpans,
  type Span,
  type Status,
} from './messages.ts';
import { EVENT, FIRST, LINK, SECOND, SPAN, STATUS_CODE, THIRD } from './tags.ts';
import { ValueDecoder } from './value-decoder.ts';
import { WireReader } from './wire.ts';

/**
 * Decodes a `TracesData` or an `ExportTraceServiceRequest` in protobuf. Unknown fields are skipped; of the fields of a
 * message the last one counts. Invalid spans are left out and counted; the rest of the request is kept.
 */
export function decodeTraces(body: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): Decoded | DecodeProblem {
  return new Decoder(body, limits).decode();
}

class Decoder {
  readonly #reader: WireReader;
  readonly #admission: Admission;
  readonly #values: ValueDecoder;

  constructor(body: Uint8Array, limits: DecodeLimits) {
    this.#reader = new WireReader(body);
    this.#admission = new Admission(limits);
    this.#values = new ValueDecoder(this.#reader, this.#admission);
  }

  decode(): Decoded | DecodeProblem {
    const reader = this.#reader;
    const resourceSpans: ResourceSpans[] = [];
    for (let tag = reader.tag(reader.length); tag !== 0; tag = reader.tag(reader.length)) {
      if (tag === FIRST && this.#values.admitItem()) resourceSpans.push(this.#resourceSpans());
      else reader.skip(tag);
    }
    return this.#values.problem ?? this.#admission.decoded(resourceSpans);
  }

  #resourceSpans(): ResourceSpans {
    const reader = this.#reader;
    const result = newResourceSpans();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) result.resource = this.#values.resource();
      else if (tag === SECOND && this.#values.admitItem()) result.scopeSpans.push(this.#scopeSpans());
      else if (tag === THIRD) result.schemaUrl = reader.text();
      else reader.skip(tag);
    }
    return result;
  }

  #scopeSpans(): ScopeSpans {
    const reader = this.#reader;
    const result = newScopeSpans();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) result.scope = this.#values.scope();
      else if (tag === SECOND) this.#span(result.spans);
      else if (tag === THIRD) result.schemaUrl = reader.text();
      else reader.skip(tag);
    }
    return result;
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
          span.traceId = reader.repeatedHex();
          break;
        case SPAN.spanId:
          span.spanId = reader.hex();
          break;
        case SPAN.traceState:
          span.traceState = reader.text();
          break;
        case SPAN.parentSpanId:
          span.parentSpanId = reader.repeatedHex();
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
          this.#values.attribute(span, attributes++);
          break;
        case SPAN.droppedAttributes:
          span.droppedAttributesCount += reader.uint32();
          break;
        case SPAN.event:
          if (this.#values.admitItem()) span.events.push(this.#event());
          break;
        case SPAN.droppedEvents:
          span.droppedEventsCount += reader.uint32();
          break;
        case SPAN.link:
          if (this.#values.admitItem()) this.#link(span);
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
      else if (tag === EVENT.attribute) this.#values.attribute(event, count++);
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
      else if (tag === LINK.attribute) this.#values.attribute(link, count++);
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
}
