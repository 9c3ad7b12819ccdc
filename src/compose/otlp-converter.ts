import { segmentDocuments } from '../formats/otlp/documents.ts';
import { DEFAULT_OPTIONS, type ConversionOptions } from '../formats/otlp/segment/options.ts';
import type { Converter } from './converting-sink.ts';

/** Converts OTLP documents for X-Ray, which takes segment documents only. */
export function otlpConverter(chosen: Partial<ConversionOptions>): Converter {
  const options = { ...DEFAULT_OPTIONS, ...chosen };
  return { from: 'otlp', to: 'xray', convert: (document) => segmentDocuments(document, options) };
}
