import { segmentDocumentsOf } from '../formats/otlp/documents.ts';
import { optionsOf } from '../formats/otlp/segment/options.ts';
import type { SpanEncoding } from '../receivers/spans-intake.ts';
import type { ConversionChoice } from '../trace/conversion.ts';

/** Spans as segment documents: X-Ray accepts nothing else. */
export function segmentEncoding(choice: ConversionChoice): SpanEncoding {
  const options = optionsOf(choice);
  return { format: 'xray', encode: (traces) => segmentDocumentsOf(traces, options) };
}
