import { decodeTraces } from './decode.ts';
import { encodeTraces } from './encode.ts';
import type { ScopeSpans, Span, TracesData } from './messages.ts';
import { segmentTexts } from './segment/convert.ts';
import type { ConversionOptions } from './segment/options.ts';
import { writeTracesJson } from './write-json.ts';

/** The spans of one trace and one resource: what a document of the format `otlp` contains. */
export interface TracePart extends TracesData {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Number of spans. */
  readonly spans: number;
}

/** Divides the spans of a request into parts, in the order in which their traces appear. */
export function partsOf({ resourceSpans }: TracesData): TracePart[] {
  const parts: TracePart[] = [];
  for (const { resource, scopeSpans, schemaUrl } of resourceSpans) {
    const byTrace = new Map<string, { spans: number; scopeSpans: ScopeSpans[] }>();
    for (const { scope, spans, schemaUrl: scopeUrl } of scopeSpans) {
      const lists = new Map<string, Span[]>();
      for (const span of spans) {
        const list = lists.get(span.traceId);
        if (list === undefined) lists.set(span.traceId, [span]);
        else list.push(span);
      }
      for (const [traceId, ofTrace] of lists) {
        const part = byTrace.get(traceId) ?? { spans: 0, scopeSpans: [] };
        part.spans += ofTrace.length;
        part.scopeSpans.push({ scope, spans: ofTrace, schemaUrl: scopeUrl });
        byTrace.set(traceId, part);
      }
    }
    for (const [traceId, part] of byTrace)
      parts.push({ traceId, spans: part.spans, resourceSpans: [{ resource, schemaUrl, scopeSpans: part.scopeSpans }] });
  }
  return parts;
}

/** A document of the format `otlp`: one `TracesData` in protobuf. */
export function otlpDocument(part: TracePart): Buffer {
  return encodeTraces(part);
}

/** A document in JSON, as the store keeps it; undefined if it is not valid. */
export function otlpDocumentJson(document: Uint8Array): string | undefined {
  const traces = decodeTraces(document);
  return traces.isDecoded && traces.spans > 0 ? writeTracesJson(traces) : undefined;
}

/** What a document becomes for PutTraceSegments: at least one segment; undefined if it is not valid. */
export function segmentDocuments(document: Uint8Array, options?: ConversionOptions): Buffer[] | undefined {
  const traces = decodeTraces(document);
  return traces.isDecoded && traces.spans > 0 ? segmentDocumentsOf(traces, options) : undefined;
}

/** The segments of decoded spans. */
export function segmentDocumentsOf(traces: TracesData, options?: ConversionOptions): Buffer[] {
  return segmentTexts(traces, options).map((text) => Buffer.from(text));
}
