import type { TraceView } from '../trace/trace-view.ts';
import type { Expression } from './expression.ts';
import { matches } from './predicate.ts';
import { matchesText, type TextSearch } from './text.ts';

/** Which traces are meant: those that match an expression, have words, or both; all when there is neither. Goes from thread to thread. */
export interface Search {
  readonly filter: Expression | undefined;
  readonly text?: TextSearch | undefined;
}

export function isFound({ filter, text }: Search, view: TraceView): boolean {
  return (filter === undefined || matches(filter, view)) && (text === undefined || matchesText(text, view));
}
