const XRAY = /1-[0-9a-f]{8}-[0-9a-f]{24}/i;

/**
 * The X-Ray trace id in a text of any kind: X-Ray's form, 32 hex digits as OpenTelemetry writes it, a traceparent, `Root=1-…;Parent=…`, the header
 * X-Amzn-Trace-Id, or a whole line of an ALB's access log. undefined when there is none, or when the text is something else, such as an expression.
 */
export function traceIdIn(text: string): string | undefined {
  const trimmed = text.trim().replace(/^["']|["']$/g, '');
  if (new RegExp(`^${XRAY.source}$`, 'i').test(trimmed)) return trimmed.toLowerCase();
  const isExpression =
    /^\s*(\w+(\.\w+)*\s*(\(|!?=|<|>|contains|beginswith|endswith)|!|\()/i.test(trimmed) && !/^(x-amzn-trace-id|root|self)\b/i.test(trimmed);
  // A log line has names and numbers before the id; an expression that has an id in it is one nevertheless.
  if (isExpression) return undefined;
  const root = /\bRoot=(1-[0-9a-f]{8}-[0-9a-f]{24})/i.exec(trimmed)?.[1] ?? XRAY.exec(trimmed)?.[0];
  if (root !== undefined) return root.toLowerCase();
  const hex = /^[0-9a-f]{32}$/i.exec(trimmed)?.[0] ?? /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(trimmed)?.[1];
  if (hex === undefined) return undefined;
  const lower = hex.toLowerCase();
  return `1-${lower.slice(0, 8)}-${lower.slice(8)}`;
}
