import { isObject, textOf, type Json } from '../json/json.ts';

/** 32 hex digits, with X-Ray's `1-` and dashes or without. */
const ID = '(?:1-)?[0-9a-f]{8}-?[0-9a-f]{24}';
const HEX = /^(?:1-)?([0-9a-f]{8})-?([0-9a-f]{24})$/i;
const BASE64 = /^[A-Za-z0-9+/]{22}==$/;
/** Zipkin's and Jaeger's 64 bits, and Jaeger's IDs without their leading zeros. */
const SHORT_HEX = /^[0-9a-f]{1,31}$/i;
/** Datadog's 64 bits. With fewer digits, it is a hexadecimal ID. */
const DECIMAL = /^\d{17,20}$/;
const NO_TRACE = '1-00000000-000000000000000000000000';

/** What may stand between a name and its value: `: `, `=`, `":"`, also in a JSON text within a JSON text. */
const SEPARATOR = '["\'\\\\]{0,3}\\s{0,2}[:=]\\s{0,2}["\'\\\\]{0,3}';
const NAME = '(?:aws[._-]?)?(?:x-?ray|otel|(?:x-)?amzn)?[._-]?trace[._-]?id';

/**
 * What names a trace in a text, the surest first; `id` may lack X-Ray's dashes. Sources: AWS's X-Amzn-Trace-Id, W3C
 * Trace Context, B3, Jaeger's propagation format, OpenTelemetry's "Trace Context in non-OTLP Log Formats".
 */
const NAMED: readonly RegExp[] = [
  // A whole X-Amzn-Trace-Id in quotes, as access logs and JSON have it: no URL or user agent can contain that.
  /"Root=(?<id>1-[0-9a-f]{8}-[0-9a-f]{24})(?=["\\;])/i,
  /\bRoot=(?<id>1-[0-9a-f]{8}-[0-9a-f]{24})\b/i,
  /\b[0-9a-f]{2}-(?<id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/i,
  new RegExp(`\\bb3${SEPARATOR}(?<id>(?:[0-9a-f]{16}){1,2})-[0-9a-f]{16}\\b`, 'i'),
  new RegExp(`\\bx-b3-traceid${SEPARATOR}(?<id>(?:[0-9a-f]{16}){1,2})\\b`, 'i'),
  new RegExp(`\\buber-trace-id${SEPARATOR}(?<id>[0-9a-f]{1,32})(?::|%3a)[0-9a-f]`, 'i'),
  new RegExp(`(?<![\\w.-])${NAME}${SEPARATOR}(?<id>${ID}|[0-9a-f]{16})(?![\\w-])`, 'i'),
  new RegExp(`(?<![A-Za-z0-9])trace[._-]?id${SEPARATOR}(?<id>${ID}|[0-9a-f]{16})(?![\\w-])`, 'i'),
  new RegExp(`\\btraces?(?:${SEPARATOR}|/)(?<id>${ID})(?![\\w-])`, 'i'),
  /\b(?<id>1-[0-9a-f]{8}-[0-9a-f]{24})\b/i,
  /(?:^|[\s,;"'=:[({])(?<id>[0-9a-f]{32})(?=$|[\s,;"'\])}])/i,
];

/** Members of a JSON record that name its trace, in lower case and without punctuation, the surest first. */
const MEMBERS = [
  'traceid',
  'xraytraceid',
  'awsxraytraceid',
  'oteltraceid',
  'traceparent',
  'xamzntraceid',
  'b3',
  'xb3traceid',
  'trace',
];
/** A load balancer's own part of the header: not the trace. */
const SELF = /\bSelf=[\w-]+;?/gi;

/**
 * The trace ID in a text, as X-Ray writes it (`1-6929d510-abcdef000000000000000001`): an ID in any notation (X-Ray, 32
 * hex digits, base64), a header (X-Amzn-Trace-Id, traceparent, b3), or a line of a log (ALB, Lambda, JSON). undefined if
 * there is none.
 *
 * Of several IDs, the one that the text names as its trace wins:
 *
 * 1. In a JSON record, a member such as `trace_id` of the record, then of an object in it.
 * 2. A header that carries a trace: X-Amzn-Trace-Id's `Root=`, traceparent, b3.
 * 3. A name with a value, such as `trace_id=`.
 * 4. An X-Ray ID, then 32 hex digits; the first one in the text.
 *
 * `Self=` of X-Amzn-Trace-Id and IDs of zeros name no trace.
 */
export function traceIdIn(text: string): string | undefined {
  const cleaned = text.replaceAll(SELF, '');
  const trimmed = cleaned.trim().replace(/^["']|["']$/g, '');
  return wholeId(trimmed) ?? idInRecord(cleaned) ?? idInText(cleaned);
}

/** The same where only an ID is expected, which may then be shorter: of 64 bits, in hexadecimal or decimal digits. */
export function readTraceId(text: string): string | undefined {
  const trimmed = text.trim();
  const found = traceIdIn(trimmed);
  if (found !== undefined) return found;
  if (DECIMAL.test(trimmed)) return fromHex(BigInt(trimmed).toString(16));
  return SHORT_HEX.test(trimmed) ? fromHex(trimmed) : undefined;
}

/**
 * The IDs of a list that is separated by commas. A text with blanks, quotes or braces is one line of a log instead: its
 * commas separate nothing. What has no ID is returned as it is.
 */
export function traceIdsIn(text: string): string[] {
  const isLine = /[\s"{]/.test(text.trim().replaceAll(/\s*,\s*/g, ','));
  return (isLine ? [text] : text.split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => readTraceId(item) ?? item);
}

const NAMED_IN_LINE = new RegExp(`(?:^|\\s)(?:${NAME}|traceparent|x-b3-traceid|b3|root|self)\\s{0,2}[:=]`, 'i');

/** Whether a text has, outside of quotes, a name that logs give to trace IDs, with a value. */
export function namesTrace(text: string): boolean {
  return NAMED_IN_LINE.test(text.replaceAll(/"[^"]*"/g, ''));
}

function wholeId(text: string): string | undefined {
  const [, time = '', rest = ''] = HEX.exec(text) ?? [];
  if (time !== '') return fromHex(time + rest);
  return BASE64.test(text) ? fromHex(hexOfBase64(text)) : undefined;
}

function idInText(text: string): string | undefined {
  for (const pattern of NAMED) {
    const found = pattern.exec(text)?.groups?.['id'];
    const id = found === undefined ? undefined : fromHex(found.replace(/^1-/, '').replace('-', ''));
    if (id !== undefined) return id;
  }
  return undefined;
}

/** A JSON object in the text, possibly after a time or the name of a log stream. */
function idInRecord(text: string): string | undefined {
  const [first, last] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (first < 0 || last < first) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(text.slice(first, last + 1));
  } catch {
    return undefined;
  }
  if (!isObject(record)) return undefined;
  const inner = Object.values(record).filter(isObject);
  return [record, ...inner].map(idInMembers).find((id) => id !== undefined);
}

function idInMembers(record: Json): string | undefined {
  for (const name of MEMBERS) {
    for (const [key, value] of Object.entries(record)) {
      if (key.toLowerCase().replaceAll(/[^a-z0-9]/g, '') !== name) continue;
      // `{"trace":{"id":…}}` is ECS's.
      const text = textOf(isObject(value) ? value['id'] : value)?.trim();
      if (text === undefined) continue;
      const id = wholeId(text) ?? (/^[0-9a-f]{16}$/i.test(text) ? fromHex(text) : idInText(`${key}=${text}`));
      if (id !== undefined) return id;
    }
  }
  return undefined;
}

/** undefined for zeros, which stand for no trace. */
function fromHex(hex: string): string | undefined {
  if (hex.length > 32) return undefined;
  const id = xrayTraceId(hex.padStart(32, '0').toLowerCase());
  return id === NO_TRACE ? undefined : id;
}

/** Converts an ID of 32 hex digits, as OpenTelemetry writes it, to X-Ray's notation. */
export function xrayTraceId(hex: string): string {
  return `1-${hex.slice(0, 8)}-${hex.slice(8)}`;
}

/** Converts an ID in X-Ray's notation to 32 hex digits. */
export function otlpTraceId(id: string): string {
  return id.slice(2).replace('-', '');
}

/** The page has no Buffer. */
function hexOfBase64(text: string): string {
  return Array.from(atob(text), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}
