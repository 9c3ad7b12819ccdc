import { decodeTraces } from './decode.ts';
import { malformed, type Decoded, type DecodeLimits, type DecodeProblem } from './decoding.ts';

/**
 * What AWS Distro for OpenTelemetry sends on the same port, each followed by base64: spans, unsampled spans, metrics.
 */
const KINDS = ['T1S', 'T1U', 'M1'] as const;
const OPENING_BRACE = 0x7b;

export type OtlpKind = (typeof KINDS)[number];

/** The kind of an OTLP body; undefined for a segment document and anything else. */
export function otlpKindOf(body: Uint8Array): OtlpKind | undefined {
  if (body[0] === OPENING_BRACE) return undefined;
  const start = String.fromCharCode(...body.subarray(0, 3));
  return KINDS.find((kind) => start.startsWith(kind));
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}\s*$/;

/** The spans of a body `T1S` or `T1U`: an `ExportTraceServiceRequest` in base64. */
export function decodeOtlpBody(body: Uint8Array, limits?: DecodeLimits): Decoded | DecodeProblem {
  const kind = otlpKindOf(body);
  if (kind !== 'T1S' && kind !== 'T1U') return malformed('the body has no spans');
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1', kind.length);
  if (!BASE64.test(base64)) return malformed('the body is not base64');
  return decodeTraces(Buffer.from(base64, 'base64'), limits);
}
