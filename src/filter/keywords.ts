import type { WordOperator } from './expression.ts';
import { and, beginswith, contains, edge, endswith, _false, id, not, or, service, _true } from './parser.terms.ts';

const OPERATORS: Readonly<Record<WordOperator, number>> = { contains, beginswith, endswith };
const KEYWORDS = new Map<string, number>([
  ...Object.entries(OPERATORS),
  ['or', or],
  ['and', and],
  ['not', not],
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
