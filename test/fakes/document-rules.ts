import { readDocument } from '../../src/formats/xray/validate.ts';
import { isRefusal } from '../../src/trace/refusal.ts';

/**
 * Why X-Ray refuses a document (HTTP 200, UnprocessedTraceSegments); undefined if it accepts the document. It accepts
 * ADOT's OTLP bodies.
 */
export function judgeDocument(text: string): { id: string | null; code: string } | undefined {
  if (/^(T1S|T1U|M1)[A-Za-z0-9+/=]+$/.test(text)) return undefined;
  const read = readDocument(text);
  return isRefusal(read) ? read : undefined;
}
