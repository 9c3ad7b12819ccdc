import { computed } from '@preact/signals';
import { parseFilter } from '../../src/filter/parse.ts';
import type { Query } from './api.ts';
import { isKeyOf } from './keys-of.ts';
import { keepLine } from './pasted-lines.ts';
import { mistakeIn, type Mistake } from './query/mistake.ts';
import { boxText, problemOf, readingOf } from './query/reading.ts';
import { go, hrefTo, LIST, param, place, setParams } from './route.ts';
import { nowSeconds } from './wall-clock.ts';

export const RANGES = {
  '15m': { name: 'Last 15 minutes', seconds: 15 * 60 },
  '1h': { name: 'Last hour', seconds: 3_600 },
  '6h': { name: 'Last 6 hours', seconds: 6 * 3_600 },
  '24h': { name: 'Last 24 hours', seconds: 24 * 3_600 },
} as const;

/** The filter expression in the address; it may be invalid. */
export const expression = computed(() => param('q'));
/** The text in the address, to be found anywhere in a trace, in addition to the expression. */
export const words = computed(() => param('text'));
/** Whether there is a search, apart from a time range. */
export const isNarrowed = computed(() => expression.value !== '' || words.value !== '');
/** The content of the query box: the expression or, without one, the text. */
export const boxed = computed(() => (expression.value === '' ? boxText(words.value) : expression.value));
/** The mistake in the expression of the address. While there is one, nothing is searched. */
export const mistake = computed<Mistake | undefined>(() => mistakeIn(expression.value));

/** Whether traces are shown that AWS would not keep. */
export const hasUnsampled = computed(() => param('unsampled') !== '');

// Separate signals, so that changes of other parameters have no effect here.
const rangeParam = computed(() => param('range'));
const fromParam = computed(() => param('from'));
const toParam = computed(() => param('to'));

/** The time range in seconds since the epoch; relative ranges become absolute when they are chosen. */
const timeRange = computed<Pick<Query, 'from' | 'to'>>(() => {
  const [from, to] = [Number(fromParam.value), Number(toParam.value)];
  if (toParam.value !== '' && Number.isFinite(from) && Number.isFinite(to)) return { from, to };
  const seconds = rangeSeconds(rangeParam.value);
  return seconds === undefined ? {} : { from: nowSeconds() - seconds };
});

/** The current search; undefined if the expression has a mistake. */
export const searched = computed<Query | undefined>(() =>
  mistake.value === undefined
    ? { filter: expression.value, text: words.value, hasUnsampled: hasUnsampled.value, ...timeRange.value }
    : undefined,
);
/** Whether a search or a time range leaves out some of the traces. */
export const isPart = computed(() => isNarrowed.value || searched.value?.from !== undefined);

export function rangeSeconds(name: string): number | undefined {
  return isKeyOf(RANGES, name) ? RANGES[name].seconds : undefined;
}

let pathsOfMatches: readonly string[] = [LIST];

/**
 * Sets the paths of screens that show matches, such as the map: a search stays on them. From other screens it leads to
 * the list.
 */
export function keepSearchesOn(paths: readonly string[]): void {
  pathsOfMatches = paths;
}

/** Starts a search and shows its matches. */
export function search(
  { q, text }: { readonly q: string; readonly text: string },
  range: Readonly<Record<string, string>> = {},
): void {
  const sought = { q: q.trim(), text: text.trim().replaceAll(/\s+/g, ' '), ...range };
  if (pathsOfMatches.includes(place.peek().path)) setParams({ ...sought, sel: '' });
  else go(hrefTo(LIST, sought));
}

/** Submits the query box: opens the trace it names, or searches. An invalid expression is put into the address, too. */
export function submit(written: string): void {
  const reading = readingOf(written);
  // With an expression, the text is shown beside the box, and is kept.
  const beside = expression.peek() === '' ? '' : words.peek();
  switch (reading.kind) {
    case 'trace':
      keepLine(reading.id, written.trim());
      return go(`/traces/${reading.id}`);
    case 'text':
      return search({ q: '', text: `${beside} ${reading.text}` });
    case 'nothing':
    case 'expression':
    case 'mistake':
      return search({ q: written, text: beside });
  }
}

/** The search that a click on a value starts: for a condition, or for a text. */
export interface ValueSearch {
  readonly condition?: string;
  readonly text?: string;
  /** Whether a search finds the trace of the value: otherwise the search is replaced, not narrowed. */
  readonly isFoundBy?: (filter: string, text: string) => boolean;
  /** Start of that trace, in seconds since the epoch: a time range that does not include it is cleared. */
  readonly start?: number;
}

/** Narrows the search to a value; `isExcluded`: to traces without it. A text cannot be excluded. */
export function startValueSearch({ condition, text, isFoundBy, start }: ValueSearch, isExcluded = false): void {
  const isKept = mistake.peek() === undefined && (isFoundBy?.(expression.peek(), words.peek()) ?? true);
  const [q, before] = isKept ? [expression.peek(), words.peek()] : ['', ''];
  const range = start === undefined || isInRange(start) ? {} : ANY_TIME;
  if (condition !== undefined) search({ q: withCondition(q, condition, isExcluded), text: before }, range);
  else if (text !== undefined) search({ q, text: before.includes(text) ? before : `${before} ${text}` }, range);
}

const ANY_TIME = { range: '', from: '', to: '' };

function isInRange(seconds: number): boolean {
  const { from = -Infinity, to = Infinity } = timeRange.peek();
  return seconds >= from && seconds <= to;
}

export function withCondition(text: string, condition: string, isExcluded: boolean): string {
  const added = isExcluded ? `!(${condition})` : condition;
  if (text.trim() === '' || problemOf(text) !== undefined) return added;
  if (parts(text).includes(added)) return text;
  const isOr = parseFilter(text).kind === 'or';
  return `${isOr ? `(${text})` : text} AND ${added}`;
}

function parts(text: string): string[] {
  return text.split(' AND ').map((part) => part.trim());
}

/** A text as a string of a filter expression. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Narrows the search to the range of a brush; bounds that are not given stay. */
export function narrow({
  from,
  to,
  shortest,
  longest,
}: {
  from?: number;
  to?: number;
  shortest?: number;
  longest?: number;
}): void {
  const conditions = [
    ...(shortest === undefined ? [] : [`duration >= ${rounded(shortest, Math.floor)}`]),
    ...(longest === undefined ? [] : [`duration <= ${rounded(longest, Math.ceil)}`]),
  ];
  let q = expression.peek();
  if (conditions.length > 0) {
    // A brush replaces the conditions of the previous one.
    q = parts(q)
      .filter((part) => !/^duration [<>]= [\d.]+$/.test(part))
      .join(' AND ');
    for (const condition of conditions) q = withCondition(q, condition, false);
  }
  setParams({
    q,
    ...(from === undefined || to === undefined ? {} : { from: from.toFixed(3), to: to.toFixed(3), range: '' }),
  });
}

/** Rounds outwards to three digits, so that the condition includes everything in the brush. */
function rounded(seconds: number, round: (value: number) => number): string {
  if (seconds <= 0) return '0';
  const scale = 10 ** (2 - Math.floor(Math.log10(seconds)));
  // 189.00000000000003 is 189.
  return String(Number((round(Number((seconds * scale).toPrecision(12))) / scale).toPrecision(3)));
}
