import { FilterError, parseFilter } from '../../../src/filter/parse.ts';
import { messageOf } from '../api.ts';
import { traceIdIn } from '../trace-id.ts';
import { isBoolean, isCause, isField } from './fields.ts';
import { isWordOperator, tokensOf, unquoted, type Token } from './lexer.ts';

/** How the query box understands what stands in it. */
export type Reading =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'trace'; readonly id: string }
  | { readonly kind: 'expression'; readonly filter: string }
  /** Words to be found anywhere in a trace. */
  | { readonly kind: 'text'; readonly text: string }
  /** Meant as an expression, and none. */
  | { readonly kind: 'mistake' };

/** X-Ray's own sentence, and the offset that it is about. */
interface Problem {
  readonly message: string;
  readonly position: number;
}

/**
 * Reads the query box:
 *
 * 1. A trace id in any form is a trace.
 * 2. What the grammar of filter expressions accepts is an expression.
 * 3. A text in double quotes is a text.
 * 4. What has the form of an expression (see `isMeantAsExpression`) is a mistaken expression.
 * 5. Everything else is a text.
 */
export function readingOf(written: string): Reading {
  const text = written.trim();
  if (text === '') return { kind: 'nothing' };
  const id = traceIdIn(text);
  if (id !== undefined) return { kind: 'trace', id };
  const problem = problemOf(text);
  if (problem === undefined) return { kind: 'expression', filter: text };
  const tokens = tokensOf(text);
  const [only] = tokens;
  const quoted = tokens.length === 1 && only?.kind === 'string' ? unquoted(only).trim() : '';
  if (quoted !== '') return { kind: 'text', text: quoted };
  return isMeantAsExpression(tokens) || isUnfinished(text, tokens) ? { kind: 'mistake' } : { kind: 'text', text };
}

/** What the grammar says against an expression; undefined when nothing. */
export function problemOf(text: string): Problem | undefined {
  if (text.trim() === '') return undefined;
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    return { message: messageOf(error), position: error instanceof FilterError ? error.position : 0 };
  }
}

/** How the query box writes a text: in quotes where it would be read as something else. */
export function boxText(text: string): string {
  const reading = readingOf(text);
  return text === '' || (reading.kind === 'text' && reading.text === text) ? text : JSON.stringify(text);
}

/**
 * Whether a text that is no expression was meant as one. Any of these says so; quotes hide what is in them:
 *
 * - A condition begins with `service(`, `edge(`, `service =`, `rootcause.…`, or with a keyword and an operator (`duration > 100ms`). A condition
 *   begins at the start and after AND, OR, NOT, ! and (.
 * - A condition begins with a keyword that no language has as a word: one with a dot, such as `http.url` or `annotation.tenant`.
 * - AND, OR (in capitals), && or || join nothing but single words and conditions: `error AND`, `checkout OR payments`.
 * - All of a condition is a name, an operator and a value, and the operator or the value is one of expressions: `status >= 500`,
 *   `tenant = "acme"`, `tenant != acme`. `tenant=acme` alone is a text.
 * - It begins with ! before a word or a parenthesis.
 *
 * What ends with AND or OR after a whole expression is meant as one, too: see `isUnfinished`.
 */
function isMeantAsExpression(tokens: readonly Token[]): boolean {
  const [first, second] = tokens;
  if (first?.text === '!' && second !== undefined && second.from === first.to && second.text !== '!') return true;
  if (tokens.some((_, i) => isStart(tokens, i) && beginsCondition(tokens, i))) return true;
  if (conditionsIn(tokens, isAnyConnector).some(isComparison)) return true;
  const joined = conditionsIn(tokens, isClearConnector);
  return joined.length > 1 && joined.every((part) => part.length < 2 || firstOf(part));
}

/** An expression with AND or OR after it, in any case. */
function isUnfinished(text: string, tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return last?.kind === 'connector' && tokens.length > 1 && problemOf(text.slice(0, last.from)) === undefined;
}

/** A condition may begin at token `i`. */
function isStart(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  if (before === undefined || isAnyConnector(before)) return true;
  return (before.text === '(' || before.text === '!' || before.text === 'NOT') && isStart(tokens, i - 1);
}

function firstOf(part: readonly Token[]): boolean {
  const at = part.findIndex(({ text }) => text !== '(' && text !== '!' && text !== 'NOT');
  const first = part[at];
  return first !== undefined && (beginsCondition(part, at) || (isBoolean(first.text) && /^[)}]*$/.test(textAfter(part, at))));
}

function textAfter(part: readonly Token[], at: number): string {
  return part
    .slice(at + 1)
    .map(({ text }) => text)
    .join('');
}

function beginsCondition(tokens: readonly Token[], i: number): boolean {
  const [before, token, next] = [tokens[i - 1], tokens[i], tokens[i + 1]];
  if (token?.kind !== 'bare') return false;
  const { text } = token;
  if (/^(service|edge|id)$/i.test(text)) return next?.text === '(' || (text !== 'id' && next?.kind === 'operator');
  if (isCause(text) || /^rootcause\./i.test(text)) return true;
  if (!isField(text)) return false;
  if (/[.[]/.test(text)) return true;
  if (next === undefined) return isBoolean(text) && before !== undefined && before.text !== 'NOT' && !isAnyConnector(before);
  if (isBoolean(text)) return /^(==?|!=|<>)$/.test(next.text);
  return next.kind === 'operator' || isWordOperator(next.text) || FOREIGN_OPERATOR.test(next.text);
}

/** Of other query languages; in capitals only, for they are words. */
const FOREIGN_OPERATOR = /^(LIKE|ILIKE|IN|MATCHES|STARTSWITH|INCLUDES|IS)$/;

function isComparison(part: readonly Token[]): boolean {
  const [name, operator, value] = part;
  if (part.length !== 3 || name === undefined || operator === undefined || value === undefined) return false;
  if (name.kind !== 'bare' || !/^[a-z_][\w.:-]*$/i.test(name.text)) return false;
  if (value.kind !== 'string' && value.kind !== 'quoted' && value.kind !== 'bare') return false;
  const isQuoted = value.kind !== 'bare';
  const { text } = operator;
  if (/^[<>]=?$/.test(text)) return isQuoted || /^[+-]?\.?\d/.test(value.text);
  if (text === '=' || text === '~') return isQuoted;
  return operator.kind === 'operator' || (isWordOperator(text) && text === text.toUpperCase());
}

function conditionsIn(tokens: readonly Token[], isBetween: (token: Token) => boolean): Token[][] {
  let part: Token[] = [];
  const parts = [part];
  for (const token of tokens) {
    if (isBetween(token)) parts.push((part = []));
    else part.push(token);
  }
  return parts;
}

function isAnyConnector({ kind }: Token): boolean {
  return kind === 'connector';
}

function isClearConnector({ kind, text }: Token): boolean {
  return kind === 'connector' && text === text.toUpperCase();
}
