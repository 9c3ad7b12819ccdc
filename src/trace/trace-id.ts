const XRAY = /\b1-([0-9a-f]{8})-([0-9a-f]{24})\b/i;
/** A load balancer's own part of the header: not the trace. */
const SELF = /\bSelf=[\w-]+;?/gi;
const HEX = /^([0-9a-f]{8})-?([0-9a-f]{24})$/i;
const BASE64 = /^[A-Za-z0-9+/]{22}==$/;

/**
 * What names a trace in a header or a log line, the surest first. Sources: AWS's X-Amzn-Trace-Id, W3C Trace Context, B3,
 * OpenTelemetry's "Trace Context in non-OTLP Log Formats".
 */
const NAMED: readonly RegExp[] = [
  /\bRoot=1-([0-9a-f]{8})-([0-9a-f]{24})\b/i,
  /\b[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}-[0-9a-f]{2}\b/i,
  /\bb3\b\W{1,4}([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}\b/i,
  /\bx-b3-traceid\b\W{1,4}([0-9a-f]{8})([0-9a-f]{24})\b/i,
  XRAY,
  /\btrace[_.-]?id\b["']?\s{0,2}[:=]\s{0,2}["']?([0-9a-f]{8})([0-9a-f]{24})\b/i,
];
/** The same with 64 bits, which are padded. */
const SHORT: readonly RegExp[] = [
  /\bb3\b\W{1,4}([0-9a-f]{16})-[0-9a-f]{16}\b/i,
  /\bx-b3-traceid\b\W{1,4}([0-9a-f]{16})\b/i,
];
/** 32 hex digits among other words. */
const ALONE = /(?:^|[\s,;"'=:[({])([0-9a-f]{8})([0-9a-f]{24})(?=$|[\s,;"'\])}])/i;

/**
 * The trace ID in a text, as X-Ray writes it (`1-6929d510-abcdef000000000000000001`): an ID in any notation (X-Ray, 32
 * hex digits, base64), a header (X-Amzn-Trace-Id, traceparent, b3), or a line of a log (ALB, Lambda, JSON). undefined if
 * there is none.
 */
export function traceIdIn(text: string): string | undefined {
  const cleaned = text.replaceAll(SELF, '');
  const trimmed = cleaned.trim().replace(/^["']|["']$/g, '');
  const whole = HEX.exec(trimmed);
  if (whole !== null) return xrayId(whole);
  if (BASE64.test(trimmed)) return xrayTraceId(hexOfBase64(trimmed));
  for (const pattern of NAMED) {
    const found = pattern.exec(cleaned);
    if (found !== null) return xrayId(found);
  }
  for (const pattern of SHORT) {
    const found = pattern.exec(cleaned)?.[1];
    if (found !== undefined) return xrayTraceId(found.padStart(32, '0').toLowerCase());
  }
  const alone = ALONE.exec(cleaned);
  return alone === null ? undefined : xrayId(alone);
}

function xrayId([, time = '', rest = '']: RegExpExecArray): string {
  return `1-${time}-${rest}`.toLowerCase();
}

/** 32 hex digits, OpenTelemetry's notation, as X-Ray writes them. */
export function xrayTraceId(hex: string): string {
  return `1-${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** The page has no Buffer. */
function hexOfBase64(text: string): string {
  return Array.from(atob(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
