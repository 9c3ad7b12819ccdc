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
