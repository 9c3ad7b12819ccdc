import {
  Bytes,
  isAttributes,
  type Attributes,
  type Event,
  type Link,
  type Resource,
  type Scope,
  type Span,
  type TracesData,
  type Value,
} from './messages.ts';
import { WireWriter } from './wire-writer.ts';

/** Encodes a `TracesData` in protobuf. */
export function encodeTraces({ resourceSpans }: TracesData): Buffer {
  const writer = new WireWriter();
  for (const { resource, scopeSpans, schemaUrl } of resourceSpans) {
    writer.message(1, () => {
      writer.message(1, () => writeResource(writer, resource));
      for (const { scope, spans, schemaUrl: scopeUrl } of scopeSpans) {
        writer.message(2, () => {
          writer.message(1, () => writeScope(writer, scope));
          for (const span of spans) writer.message(2, () => writeSpan(writer, span));
          writer.text(3, scopeUrl);
        });
      }
      writer.text(3, schemaUrl);
    });
  }
  return writer.finish();
}

function writeResource(writer: WireWriter, { attributes, droppedAttributesCount }: Resource): void {
  writeAttributes(writer, 1, attributes);
  writer.uint32(2, droppedAttributesCount);
}

function writeScope(writer: WireWriter, { name, version, attributes, droppedAttributesCount }: Scope): void {
  writer.text(1, name);
  writer.text(2, version);
  writeAttributes(writer, 3, attributes);
  writer.uint32(4, droppedAttributesCount);
}

function writeSpan(writer: WireWriter, span: Span): void {
  writer.value(1, span.traceId, 'hex');
  writer.value(2, span.spanId, 'hex');
  writer.text(3, span.traceState);
  if (span.parentSpanId !== '') writer.value(4, span.parentSpanId, 'hex');
  writer.text(5, span.name);
  writer.uint32(6, span.kind);
  writer.fixed64(7, span.startTimeUnixNano);
  writer.fixed64(8, span.endTimeUnixNano);
  writeAttributes(writer, 9, span.attributes);
  writer.uint32(10, span.droppedAttributesCount);
  for (const event of span.events) writer.message(11, () => writeEvent(writer, event));
  writer.uint32(12, span.droppedEventsCount);
  for (const link of span.links) writer.message(13, () => writeLink(writer, link));
  writer.uint32(14, span.droppedLinksCount);
  const { message, code } = span.status;
  if (message !== '' || code !== 0) {
    writer.message(15, () => {
      writer.text(2, message);
      writer.uint32(3, code);
    });
  }
  writer.fixed32(16, span.flags);
}

function writeEvent(writer: WireWriter, { timeUnixNano, name, attributes, droppedAttributesCount }: Event): void {
  writer.fixed64(1, timeUnixNano);
  writer.text(2, name);
  writeAttributes(writer, 3, attributes);
  writer.uint32(4, droppedAttributesCount);
}

function writeLink(writer: WireWriter, link: Link): void {
  writer.value(1, link.traceId, 'hex');
  writer.value(2, link.spanId, 'hex');
  writer.text(3, link.traceState);
  writeAttributes(writer, 4, link.attributes);
  writer.uint32(5, link.droppedAttributesCount);
  writer.fixed32(6, link.flags);
}

function writeAttributes(writer: WireWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    writer.message(field, () => {
      writer.text(1, key);
      writer.message(2, () => writeValue(writer, value));
    });
  }
}

function writeValue(writer: WireWriter, value: Value): void {
  if (typeof value === 'string') writer.value(1, value, 'utf8');
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'bigint') writer.int64(3, value);
  else if (typeof value === 'number') writer.double(4, value);
  else if (value instanceof Bytes) writer.value(7, value.base64, 'base64');
  else if (isAttributes(value)) writer.message(6, () => writeAttributes(writer, 1, value));
  else if (value !== null) {
    writer.message(5, () => {
      for (const item of value) writer.message(1, () => writeValue(writer, item));
    });
  }
}
