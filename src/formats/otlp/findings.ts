import { parseJson } from '../../json/exact-number.ts';
import { arrayOf, member } from '../../json/json.ts';
import type { Finding, Span } from '../../trace/model.ts';
import { shown } from '../../trace/shown.ts';
import { documentText, REMOVED } from './segment/document-text.ts';

const MAX_SHOWN = 5;

/** What AWS does not get of a span, because its segment would be too large. */
export function* otlpFindings(span: Span): Generator<Finding> {
  const text = documentText(span.segmentDocument());
  // The usual case, without parsing.
  if (!text.includes(REMOVED)) return;
  const removed = arrayOf(member(member(member(parseJson(text), 'metadata'), 'default'), REMOVED));
  if (removed.length === 0) return;
  const names = removed.slice(0, MAX_SHOWN).map((name) => shown(String(name)));
  yield {
    code: 'span_too_large',
    id: span.id,
    message: `as a segment the span has more than 64 KB; AWS gets it without ${names.join(', ')}`,
    remedy: 'Put less into attributes and events.',
  };
}
