const XRAY = /1-[0-9a-f]{8}-[0-9a-f]{24}/i;

/**
 * Finds an X-Ray trace ID in a text: in X-Ray's notation, as 32 hex digits (OpenTelemetry), in a traceparent, in
 * `Root=1-…;Parent=…`, in the header X-Amzn-Trace-Id, or in a line of an ALB access log. undefined if there is none, or
 * if the text is an expression.
 */
export function traceIdIn(text: string): string | undefined {
  const trimmed = text.trim().replace(/^["']|["']$/g, '');
  if (new RegExp(`^${XRAY.source}$`, 'i').test(trimmed)) return trimmed.toLowerCase();
  const isExpression =
    /^\s*(\w+(\.\w+)*\s*(\(|!?=|<|>|contains|beginswith|endswith)|!|\()/i.test(trimmed) &&
    !/^(x-amzn-trace-id|root|self)\b/i.test(trimmed);
  // A log line may contain names and numbers before the ID, but an expression that contains an ID is still an
  // expression.
  if (isExpression) return undefined;
  const root = /\bRoot=(1-[0-9a-f]{8}-[0-9a-f]{24})/i.exec(trimmed)?.[1] ?? XRAY.exec(trimmed)?.[0];
  if (root !== undefined) return root.toLowerCase();
  const hex =
    /^[0-9a-f]{32}$/i.exec(trimmed)?.[0] ?? /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/i.exec(trimmed)?.[1];
  if (hex === undefined) return undefined;
  const lower = hex.toLowerCase();
  return `1-${lower.slice(0, 8)}-${lower.slice(8)}`;
}
