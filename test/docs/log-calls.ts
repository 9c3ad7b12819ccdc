import { globSync, readFileSync } from 'node:fs';

/** A call in src that logs a warning or an error. */
export interface LogCall {
  readonly file: string;
  readonly level: 'warn' | 'error';
  /** The source of the argument that is the message. */
  readonly message: string;
}

const CALL = /\b(?:log|there)\)?\??\.(warn|error|limited)\(/gi;

/** Every call `log.warn(…)`, `log.error(…)` and `log.limited(…)` of these levels in src, in the order of the files. */
export function logCalls(): LogCall[] {
  return globSync('src/**/*.ts')
    .sort()
    .flatMap((file) => callsIn(file, readFileSync(file, 'utf8')));
}

function callsIn(file: string, text: string): LogCall[] {
  return [...text.matchAll(CALL)].flatMap(({ index, 0: start, 1: method }) => {
    const args = argumentsAt(text, index + start.length);
    const [level, message] = method === 'limited' ? [bare(args[1] ?? ''), args[3]] : [method, args[1]];
    if (level === 'info' || level === 'debug') return [];
    if ((level !== 'warn' && level !== 'error') || message === undefined)
      throw new Error(`${file}: cannot read the call ${text.slice(index, index + 120)}`);
    return [{ file, level, message }];
  });
}

const bare = (literal: string): string => literal.replaceAll("'", '');

/** The arguments of the call whose opening parenthesis ends at `start`. */
function argumentsAt(text: string, start: number): string[] {
  const args: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? '';
    if ('\'"`'.includes(char)) at = endOfText(text, at);
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && depth-- === 0) return [...args, text.slice(from, at)].map(withoutComma);
    else if (char === ',' && depth === 0) {
      args.push(text.slice(from, at));
      from = at + 1;
    }
  }
  throw new Error('a call without an end');
}

const withoutComma = (argument: string): string => argument.trim();

/** The position of the quote that ends the text which begins at `start`. */
function endOfText(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at;
    else if (quote === '`' && text.startsWith('${', at)) at = endOfExpression(text, at + 2);
  }
  throw new Error('a text without an end');
}

function endOfExpression(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if ('\'"`'.includes(text[at] ?? '')) at = endOfText(text, at);
    else if (text[at] === '{') at = endOfExpression(text, at + 1);
    else if (text[at] === '}') return at;
  }
  throw new Error('an expression without an end');
}
