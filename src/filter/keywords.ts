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

/** For the parser: the keyword token of a word, or -1. Keywords are case-insensitive. */
export function keywordOf(word: string, _stack?: unknown): number {
  return KEYWORDS.get(word.toLowerCase()) ?? -1;
}
