import { isWordOperator } from '../../../src/filter/expression.ts';
import { FilterError, parseFilter } from '../../../src/filter/parse.ts';
import { messageOf } from '../api.ts';
import { traceIdInSearch } from '../../../src/filter/trace-id.ts';
import { isBoolean, isCause, isField } from './fields.ts';
import { tokensOf, unquoted, type Token } from './lexer.ts';

/** How the query box interprets its content. */
export type Reading =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'trace'; readonly id: string }
  | { readonly kind: 'expression'; readonly filter: string }
  /** Text to be found anywhere in a trace. */
  | { readonly kind: 'text'; readonly text: string }
  /** Meant as an expression, but invalid. */
  | { readonly kind: 'mistake' };

/** X-Ray's message, and the offset it refers to. */
interface Problem {
  readonly message: string;
  readonly position: number;
}

/**
 * Interprets the content of the query box:
 *
 * 1. A trace ID in any notation, or a log line with one, is a trace.
 * 2. Whatever the grammar of filter expressions accepts is an expression.
 * 3. A string in double quotes is text.
 * 4. Content that resembles an expression (see `isMeantAsExpression`) is an invalid expression.
 * 5. Everything else is text.
 */
export function readingOf(written: string): Reading {
  const text = written.trim();
  if (text === '') return { kind: 'nothing' };
  const id = traceIdInSearch(text);
  if (id !== undefined) return { kind: 'trace', id };
  const problem = problemOf(text);
  if (problem === undefined) return { kind: 'expression', filter: text };
  const tokens = tokensOf(text);
  const [only] = tokens;
  const quoted = tokens.length === 1 && only?.kind === 'string' ? unquoted(only).trim() : '';
  if (quoted !== '') return { kind: 'text', text: quoted };
  return isMeantAsExpression(tokens) || isUnfinished(text, tokens) ? { kind: 'mistake' } : { kind: 'text', text };
}

/** The grammar's error for an expression; undefined if it is valid. */
export function problemOf(text: string): Problem | undefined {
  if (text.trim() === '') return undefined;
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    return { message: messageOf(error), position: error instanceof FilterError ? error.position : 0 };
  }
}

/** A text as content of the query box: quoted if it would be interpreted differently. */
export function boxText(text: string): string {
  const reading = readingOf(text);
  return text === '' || (reading.kind === 'text' && reading.text === text) ? text : JSON.stringify(text);
}

/**
 * Whether an invalid expression was meant as an expression. Any of these is sufficient; quoted text is ignored:
 *
 * - A condition begins with `service(`, `edge(`, `service =`, `rootcause.…`, or with a keyword and an operator
 * (`duration > 100ms`). A condition
 *   begins at the start and after AND, OR, NOT, ! and (.
 * - A condition begins with a keyword that is not an ordinary word: one with a dot, such as `http.url` or
 * `annotation.tenant`.
 * - AND, OR (in capitals), && or || join only single words and conditions: `error AND`, `checkout OR payments`.
 * - A condition consists of a name, an operator and a value, and the operator or the value is typical of expressions:
 * `status >= 500`,
 *   `tenant = "acme"`, `tenant != acme`. `tenant=acme` alone is text.
 * - It begins with ! before a word or a parenthesis.
 *
 * A valid expression followed by AND or OR is also meant as an expression: see `isUnfinished`.
 */
function isMeantAsExpression(tokens: readonly Token[]): boolean {
  const [first, second] = tokens;
  if (first?.text === '!' && second !== undefined && second.from === first.to && second.text !== '!') return true;
  if (tokens.some((_, i) => isStart(tokens, i) && beginsCondition(tokens, i))) return true;
  if (conditionsIn(tokens, isAnyConnector).some(isComparison)) return true;
  const joined = conditionsIn(tokens, isClearConnector);
  return joined.length > 1 && joined.every((part) => part.length < 2 || firstOf(part));
}

/** A valid expression followed by AND or OR, in upper or lower case. */
function isUnfinished(text: string, tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return last?.kind === 'connector' && tokens.length > 1 && problemOf(text.slice(0, last.from)) === undefined;
}

/** Whether a condition may begin at token `i`. */
function isStart(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  if (before === undefined || isAnyConnector(before)) return true;
  return (before.text === '(' || before.text === '!' || before.text === 'NOT') && isStart(tokens, i - 1);
}

function firstOf(part: readonly Token[]): boolean {
  const at = part.findIndex(({ text }) => text !== '(' && text !== '!' && text !== 'NOT');
  const first = part[at];
  return (
    first !== undefined && (beginsCondition(part, at) || (isBoolean(first.text) && /^[)}]*$/.test(textAfter(part, at))))
  );
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
  if (next === undefined)
    return isBoolean(text) && before !== undefined && before.text !== 'NOT' && !isAnyConnector(before);
  if (isBoolean(text)) return /^(==?|!=|<>)$/.test(next.text);
  return next.kind === 'operator' || isWordOperator(next.text) || FOREIGN_OPERATOR.test(next.text);
}

/** Operators of other query languages; in capitals only, because they are also ordinary words. */
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
