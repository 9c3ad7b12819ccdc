import { parseJson } from '../json/exact-number.ts';
import { isObject, type Json } from '../json/json.ts';
import type { FormatName, TraceDocument } from '../trace/model.ts';
import { OtlpDocument } from './otlp/document.ts';
import { documentText } from './otlp/segment/document-text.ts';
import { SegmentDocument } from './xray/segment.ts';

export { convertStoredWith } from './otlp/segment/options.ts';

/** How documents of each format become spans. The page has these too, so they contain nothing else. */
const READERS: Readonly<Record<FormatName, (json: Json, arrival: number) => TraceDocument>> = {
  xray: (json, arrival) => new SegmentDocument(json, arrival),
  otlp: (json, arrival) => OtlpDocument.of(json, arrival),
};

/** Reads a stored document, the `arrival`th of its trace. */
export function documentOf(format: FormatName, json: Json, arrival: number): TraceDocument {
  return READERS[format](json, arrival);
}

/** The segment documents that X-Ray gets for a stored document, each within its limit of 64 KB. */
export function segmentsOf(format: FormatName, json: Json): readonly Json[] {
  if (format === 'xray') return [json];
  return OtlpDocument.of(json)
    .tops.map((top) => parseJson(documentText(top.converted)))
    .filter(isObject);
}
