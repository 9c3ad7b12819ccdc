import type { TraceView } from '../trace/trace-view.ts';
import type { Expression } from './expression.ts';
import { matches } from './predicate.ts';
import { matchesText, type TextSearch } from './text.ts';

/**
 * Selects traces: those that match an expression, contain words, or both; without either, all. Can be passed between
 * threads.
 */
export interface Search {
  readonly filter: Expression | undefined;
  readonly text?: TextSearch | undefined;
  /** Whether traces that AWS would not keep are selected too: see `Trace.isSampled`. */
  readonly hasUnsampled?: boolean | undefined;
}

export function isFound({ filter, text, hasUnsampled = false }: Search, view: TraceView): boolean {
  return (
    (hasUnsampled || view.trace.isSampled) &&
    (filter === undefined || matches(filter, view)) &&
    (text === undefined || matchesText(text, view))
  );
}
