import { segmentDocuments, segmentDocumentsOf } from '../formats/otlp/documents.ts';
import { optionsOf } from '../formats/otlp/segment/options.ts';
import type { SpanEncoding } from '../receivers/spans-intake.ts';
import type { ConversionChoice } from '../trace/conversion.ts';
import type { Converter } from './converting-sink.ts';

/** Converts spans for X-Ray, which takes segment documents only: OTLP documents, and decoded requests. */
export function otlpConverter(choice: ConversionChoice): Converter & SpanEncoding {
  const options = optionsOf(choice);
  return {
    from: 'otlp',
    to: 'xray',
    convert: (document) => segmentDocuments(document, options),
    format: 'xray',
    encode: (traces) => segmentDocumentsOf(traces, options),
  };
}
