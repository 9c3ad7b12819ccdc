import type { Span } from './model.ts';

const texts = new WeakMap<Span, string>();

/** Spans in which `text` stands somewhere: name, request, query, annotations, metadata, exceptions, id. In the order of the timeline. */
export function matching(spans: readonly Span[], text: string): Span[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  return spans.filter((span) => textOf(span).includes(wanted));
}

function textOf(span: Span): string {
  let text = texts.get(span);
  if (text === undefined) {
    text = (
      span.kind === 'inferred' ? `${span.name} ${span.detail}` : `${span.name} ${span.detail} ${JSON.stringify(span.entity.recordedAlone)}`
    ).toLowerCase();
    texts.set(span, text);
  }
  return text;
}
