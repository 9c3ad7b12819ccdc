import type { Span } from './model.ts';

/** Calls `visit` for `span` and everything in it. */
export function walk(span: Span, visit: (span: Span) => void): void {
  visit(span);
  for (const child of span.children) walk(child, visit);
}
