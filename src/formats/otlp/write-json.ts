import type { Json } from '../../json/json.ts';
import {
  Bytes,
  isAttributes,
  type Attributes,
  type Resource,
  type Scope,
  type Span,
  type TracesData,
  type Value,
} from './messages.ts';

/** Writes a `TracesData` in OTLP's JSON. Members with their default are left out. */
export function writeTracesJson(data: TracesData): string {
  return JSON.stringify(tracesJson(data));
}

/** The same as an object. */
export function tracesJson({ resourceSpans }: TracesData): Json {
  return {
    resourceSpans: resourceSpans.map(({ resource, scopeSpans, schemaUrl }) => ({
      resource: attributed(resource),
      scopeSpans: scopeSpans.map(({ scope, spans, schemaUrl: scopeUrl }) => ({
        scope: scopeJson(scope),
        spans: spans.map(spanJson),
        ...textMember('schemaUrl', scopeUrl),
      })),
      ...textMember('schemaUrl', schemaUrl),
    })),
  };
}

export function scopeJson(scope: Scope): Json {
  return { ...textMember('name', scope.name), ...textMember('version', scope.version), ...attributed(scope) };
}

export function spanJson(span: Span): Json {
  const { message, code } = span.status;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...textMember('traceState', span.traceState),
    ...textMember('parentSpanId', span.parentSpanId),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(span.endTimeUnixNano),
    ...attributed(span),
    ...listMember(
      'events',
      span.events.map((event) => ({
        timeUnixNano: String(event.timeUnixNano),
        name: event.name,
        ...attributed(event),
      })),
    ),
    ...countMember('droppedEventsCount', span.droppedEventsCount),
    ...listMember(
      'links',
      span.links.map((link) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        ...textMember('traceState', link.traceState),
        ...attributed(link),
        ...countMember('flags', link.flags),
      })),
    ),
    ...countMember('droppedLinksCount', span.droppedLinksCount),
    ...(message === '' && code === 0
      ? {}
      : { status: { ...textMember('message', message), ...countMember('code', code) } }),
    ...countMember('flags', span.flags),
  };
}

function attributed({ attributes, droppedAttributesCount }: Resource): Json {
  return {
    ...listMember('attributes', keyValues(attributes)),
    ...countMember('droppedAttributesCount', droppedAttributesCount),
  };
}

function keyValues(attributes: Attributes): Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Value): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') return { doubleValue: Number.isFinite(value) ? value : String(value) };
  if (value === null) return {};
  if (value instanceof Bytes) return { bytesValue: value.base64 };
  if (isAttributes(value)) return { kvlistValue: { values: keyValues(value) } };
  return { arrayValue: { values: value.map(anyValue) } };
}

function textMember(name: string, value: string): Json {
  return value === '' ? {} : { [name]: value };
}

function countMember(name: string, value: number): Json {
  return value === 0 ? {} : { [name]: value };
}

function listMember(name: string, values: readonly Json[]): Json {
  return values.length === 0 ? {} : { [name]: values };
}
