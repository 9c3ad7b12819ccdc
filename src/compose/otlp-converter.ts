import { segmentDocuments, segmentDocumentsOf } from '../formats/otlp/documents.ts';
import { DEFAULT_OPTIONS, type ConversionOptions } from '../formats/otlp/segment/options.ts';
import type { SpanEncoding } from '../receivers/spans-intake.ts';
import type { Converter } from './converting-sink.ts';

/** Converts spans for X-Ray, which takes segment documents only: OTLP documents, and decoded requests. */
export function otlpConverter(chosen: Partial<ConversionOptions>): Converter & SpanEncoding {
  const options = { ...DEFAULT_OPTIONS, ...chosen };
  return {
    from: 'otlp',
    to: 'xray',
    convert: (document) => segmentDocuments(document, options),
    format: 'xray',
    encode: (traces) => segmentDocumentsOf(traces, options),
  };
}
