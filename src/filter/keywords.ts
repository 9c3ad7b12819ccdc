import { and, beginswith, contains, edge, endswith, _false, id, not, or, service, _true } from './parser.terms.ts';

const KEYWORDS = new Map([
  ['or', or],
  ['and', and],
  ['not', not],
  ['contains', contains],
  ['beginswith', beginswith],
  ['endswith', endswith],
  ['true', _true],
  ['false', _false],
  ['id', id],
  ['service', service],
  ['edge', edge],
]);

/**
 * For the parser: the token of a word of the grammar, or -1. Case-insensitive. The names of fields are KEYWORDS in
 * expression.ts.
 */
export function keywordOf(word: string, _stack?: unknown): number {
  return KEYWORDS.get(word.toLowerCase()) ?? -1;
}
