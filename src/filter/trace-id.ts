import { namesTrace, readTraceId, traceIdIn } from '../trace/trace-id.ts';
import { WORD_OPERATORS } from './expression.ts';

/** The beginning of a filter expression. */
const CONDITION = new RegExp(
  String.raw`^\s*(\w+(\.\w+)*\s*(\(|!?=|<|>|${WORD_OPERATORS.join('|')})|\w+[.[]\w+.*[=<>]|!|\()`,
  'i',
);
/** 64 bits. Digits alone are rather a number. */
const SHORT_ID = /^(?=.*[a-f])[0-9a-f]{16}$/i;

/**
 * The trace ID in what may also be a filter expression or words to search for. undefined for an expression, even one
 * that contains an ID.
 */
export function traceIdInSearch(text: string): string | undefined {
  const trimmed = text.trim().replace(/^["']|["']$/g, '');
  if (SHORT_ID.test(trimmed)) return readTraceId(trimmed);
  return CONDITION.test(trimmed) && !namesTrace(trimmed) ? undefined : traceIdIn(text);
}
