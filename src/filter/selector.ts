import type { Selector } from './expression.ts';
import { FilterError, parseFilter } from './parse.ts';

/** The subject of GetTimeSeriesServiceStatistics: a service, an edge, or the entry points. */
export type EntitySelector =
  | { readonly kind: 'entry' }
  | { readonly kind: 'service'; readonly at: Selector }
  | { readonly kind: 'edge'; readonly from: Selector; readonly to: Selector };

/** A quoted text, or the brace that begins a condition. */
const TEXT_OR_BRACE = /"(?:[^"\\]|\\.)*"|\{/g;

/**
 * Parses a single `service(…)` or `edge(…)` without a condition; undefined for any other expression. Throws
 * FilterError; here X-Ray counts positions from 1. Source: recorded answers of X-Ray.
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
  // Such an expression has a brace outside its texts.
  const brace = [...text.matchAll(TEXT_OR_BRACE)].find(([found]) => found === '{');
  throw new FilterError(text, brace?.index ?? 0, '{', 1);
}
