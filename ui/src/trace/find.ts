import type { Span } from './model.ts';

const texts = new WeakMap<Span, string>();

/**
 * Spans that contain `text` anywhere: name, request, query, annotations, metadata, exceptions, ID. In timeline order.
 */
export function matching(spans: readonly Span[], text: string): Span[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  return spans.filter((span) => textOf(span).includes(wanted));
}

function textOf(span: Span): string {
  let text = texts.get(span);
  if (text === undefined) {
    text = (
      span.kind === 'inferred'
        ? `${span.name} ${span.detail}`
        : `${span.name} ${span.detail} ${JSON.stringify(span.entity.recordedAlone)}`
    ).toLowerCase();
    texts.set(span, text);
  }
  return text;
}
