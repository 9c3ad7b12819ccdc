import { traceIdIn as idIn } from '../../src/trace/trace-id.ts';

/** The trace ID in a text of the query box; undefined if there is none, or if the text is an expression. */
export function traceIdIn(text: string): string | undefined {
  const trimmed = text.trim().replace(/^["']|["']$/g, '');
  const isExpression =
    /^\s*(\w+(\.\w+)*\s*(\(|!?=|<|>|contains|beginswith|endswith)|!|\()/i.test(trimmed) &&
    !/^(x-amzn-trace-id|root|self|trace_?id)\b/i.test(trimmed);
  // A log line may contain names and numbers before the ID, but an expression that contains an ID is still an
  // expression.
  return isExpression ? undefined : idIn(trimmed);
}
