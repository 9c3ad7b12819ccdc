import type { Selector } from './expression.ts';
import { FilterError, parseFilter } from './parse.ts';

/** Whose statistics GetTimeSeriesServiceStatistics gives: a service's, an edge's, or those of the entries. */
export type EntitySelector =
  | { readonly kind: 'entry' }
  | { readonly kind: 'service'; readonly at: Selector }
  | { readonly kind: 'edge'; readonly from: Selector; readonly to: Selector };

/** A text in quotes, or the brace that begins a condition. */
const TEXT_OR_BRACE = /"(?:[^"\\]|\\.)*"|\{/g;

/**
 * Understands one `service(…)` or `edge(…)`, without a condition; undefined for any other expression. Throws FilterError, whose positions X-Ray counts from 1
 * here. Source: recorded answers of X-Ray.
 */
export function parseSelector(text: string): EntitySelector | undefined {
  let expression;
  try {
    expression = parseFilter(text);
  } catch (error) {
    throw error instanceof FilterError ? new FilterError(text, error.position, error.symbol, 1) : error;
  }
  if (expression.kind !== 'service' && expression.kind !== 'edge') return undefined;
  if (expression.body === undefined) return expression;
  const brace = [...text.matchAll(TEXT_OR_BRACE)].find(([found]) => found === '{')!;
  throw new FilterError(text, brace.index, '{', 1);
}
