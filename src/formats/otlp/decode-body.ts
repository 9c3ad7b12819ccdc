import { decodeTraces } from './decode.ts';
import { malformed, type Decoded, type DecodeLimits, type DecodeProblem } from './decoding.ts';
import { otlpKindOf } from './otlp-body.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}\s*$/;

/** The spans of a body `T1S` or `T1U`: an `ExportTraceServiceRequest` in base64. */
export function decodeOtlpBody(body: Uint8Array, limits?: DecodeLimits): Decoded | DecodeProblem {
  const kind = otlpKindOf(body);
  if (kind !== 'T1S' && kind !== 'T1U') return malformed('the body has no spans');
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1', kind.length);
  if (!BASE64.test(base64)) return malformed('the body is not base64');
  return decodeTraces(Buffer.from(base64, 'base64'), limits);
}
