import { printFilter } from '../../../src/filter/print.ts';
import { meantBy, NUMBERS, SECONDS, serviceOrEdgeMeantBy } from './fields.ts';
import { tokensOf } from './lexer.ts';
import { mistakeIn } from './mistake.ts';
import { problemOf } from './reading.ts';

/** Words for which X-Ray has a condition; traces that satisfy it rarely contain the word. */
const CONDITIONS: readonly (readonly [words: RegExp, condition: string])[] = [
  [
    /^(?:(?:all|only) )?(?:errors?|faults?|fail(?:ed|ing|ures?|s)?|exceptions?|broken|crash(?:ed|es)?)$/i,
    'fault OR error',
  ],
  [/^(?:too )?(?:slow(?:er|est)?|latency|long|timeouts?|timed out)$/i, 'duration > 1'],
  [/^(?:throttl(?:e|es|ed|ing)|rate limit(?:ed|s)?)$/i, 'service() { throttle }'],
  [/^(?:running|live|pending|open|unfinished|in progress)$/i, 'partial'],
  [/^(?:success(?:ful|es)?|succeeded|okay)$/i, 'ok'],
];
/** Redundant words, because every search is for traces. */
const WHAT = /\s+(?:traces?|requests?|calls?)$/i;

/** Conditions that were probably meant by a text without matches. */
export function insteadOf(text: string): string[] {
  const asked = text.trim().replace(WHAT, '');
  const meant = CONDITIONS.filter(([words, condition]) => words.test(asked) && condition !== asked).map(
    ([, condition]) => condition,
  );
  const [, called, rest = ''] = /^(\w+)(\s*\(.*)$/s.exec(asked) ?? [];
  const keyword = called === undefined ? undefined : serviceOrEdgeMeantBy(called);
  // An expression has other pairs than a text.
  const pair = problemOf(asked) === undefined ? undefined : pairOf(asked);
  const conditions = [
    ...meant,
    ...(keyword === undefined ? [] : [`${keyword}${rest}`]),
    ...(pair === undefined ? [] : conditionsFor(pair)),
    ...withBareNumbers(asked),
  ];
  return conditions.filter((condition) => problemOf(condition) === undefined);
}

interface Pair {
  readonly name: string;
  readonly value: string;
}

/** `status:500` or `tenant=acme`, the syntax of other query languages. */
export function pairOf(text: string): Pair | undefined {
  const [, name, value] = /^([a-z_][\w.-]*)\s*[=:]\s*([^\s=:/][^\s=]*)$/i.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : { name, value };
}

/** X-Ray accepts a quoted number, but it never matches. */
function withBareNumbers(text: string): string[] {
  const bare = text.replaceAll(
    /([\w.]+)(\s*(?:!=|[<>]=?|=)\s*)"(\d+(?:\.\d+)?)"/g,
    (all, name: string, operator: string, number: string) =>
      NUMBERS.has(name.toLowerCase()) ? `${name}${operator}${number}` : all,
  );
  return bare === text ? [] : [bare];
}

function conditionsFor({ name, value }: Pair): string[] {
  if (/^(service|name)$/i.test(name)) return [`service(${JSON.stringify(value)})`];
  const meant = meantBy(name);
  const written = `${meant ?? name} = ${value}`;
  if (meant !== undefined) return problemOf(written) === undefined ? [written] : [mistakeIn(written)?.remedy ?? ''];
  const number = Number(value);
  const asked = /^(true|false)$/i.test(value)
    ? value.toLowerCase() === 'true'
    : /^[+-]?\d/.test(value) && Number.isFinite(number)
      ? number
      : value;
  return [printFilter({ kind: 'compare', field: { keyword: 'annotation', key: name }, operator: '=', value: asked })];
}

/** Filler words. */
const GLUE =
  /^(?:traces?|requests?|calls?|and|or|with|in|on|of|for|my|the|a|an|is|are|was|why|so|too|very|all|only|&+|\|+|\+|,)$/i;

/** The search that was probably meant by several words without a common match. */
export interface Meant {
  /** "" for none. */
  readonly q: string;
  readonly text: string;
}

/**
 * The search that was probably meant by `checkout slow` or `error and web`: a condition, and the remaining words as
 * text. Filler words such as `and` are dropped.
 */
export function apartFrom(text: string): Meant | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length < 2 || !words.every((word) => /^[^\s"=<>!(){}]+$/.test(word))) return undefined;
  const said = words.filter((word) => !GLUE.test(word));
  const conditions = new Set(said.flatMap((word) => insteadOf(word)));
  const rest = said.filter((word) => insteadOf(word).length === 0);
  if (rest.length === 0 || conditions.size > 1 || (conditions.size === 0 && rest.length === words.length))
    return undefined;
  return { q: [...conditions].join(''), text: rest.join(' ') };
}

/** From here on, a number of seconds was probably meant as milliseconds. */
const MANY_SECONDS = 100;

/** Converts an expression whose seconds were probably meant as milliseconds; undefined for others. */
export function inSeconds(expression: string): string | undefined {
  let [written, end] = ['', 0];
  const tokens = tokensOf(expression);
  for (const [i, { kind, text }] of tokens.entries()) {
    const [operator, value] = [tokens[i + 1], tokens[i + 2]];
    if (kind !== 'bare' || !SECONDS.has(text.toLowerCase()) || !/^(?:>=?|=)$/.test(operator?.text ?? '')) continue;
    if (value === undefined || !/^\d+$/.test(value.text) || Number(value.text) < MANY_SECONDS) continue;
    written += `${expression.slice(end, value.from)}${Number(value.text) / 1_000}`;
    end = value.to;
  }
  return end === 0 ? undefined : written + expression.slice(end);
}

/** The number of missing hex digits, if a text is the beginning of an X-Ray trace ID; undefined otherwise. */
export function missingDigits(text: string): number | undefined {
  const digits = /^(?:root=)?1-[0-9a-f]{8}-([0-9a-f]{1,23})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : 24 - digits.length;
}
