import { computed } from '@preact/signals';
import { parseFilter } from '../../src/filter/parse.ts';
import type { Query } from './api.ts';
import { isKeyOf } from './keys-of.ts';
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

/** The expression in the address; it may have a mistake. */
export const expression = computed(() => param('q'));
/** Words in the address that are to be found anywhere in a trace, beside the expression. */
export const words = computed(() => param('text'));
/** Something is searched for, beside a time range. */
export const isNarrowed = computed(() => expression.value !== '' || words.value !== '');
/** What the query box shows for the address: words are beside the box when there is an expression too. */
export const boxed = computed(() => (expression.value === '' ? boxText(words.value) : expression.value));
/** What is wrong with the expression in the address. While there is a mistake nothing is searched. */
export const mistake = computed<Mistake | undefined>(() => mistakeIn(expression.value));

// Each a signal of its own, so that a change of another parameter is none here.
const rangeParam = computed(() => param('range'));
const fromParam = computed(() => param('from'));
const toParam = computed(() => param('to'));

/** The time range in s since the epoch, made absolute when it was chosen. */
const timeRange = computed<Pick<Query, 'from' | 'to'>>(() => {
  const [from, to] = [Number(fromParam.value), Number(toParam.value)];
  if (toParam.value !== '' && Number.isFinite(from) && Number.isFinite(to)) return { from, to };
  const seconds = rangeSeconds(rangeParam.value);
  return seconds === undefined ? {} : { from: nowSeconds() - seconds };
});

/** What is searched for; undefined when the expression has a mistake. */
export const searched = computed<Query | undefined>(() =>
  mistake.value === undefined ? { filter: expression.value, text: words.value, ...timeRange.value } : undefined,
);

export function rangeSeconds(name: string): number | undefined {
  return isKeyOf(RANGES, name) ? RANGES[name].seconds : undefined;
}

let pathsOfMatches: readonly string[] = [LIST];

/** Names the paths of the screens that show what matches, such as the map: a search stays on them. From others it leads to the list. */
export function keepSearchesOn(paths: readonly string[]): void {
  pathsOfMatches = paths;
}

/** Shows what matches. */
export function search({ q, text }: { readonly q: string; readonly text: string }, range: Readonly<Record<string, string>> = {}): void {
  const sought = { q: q.trim(), text: text.trim().replaceAll(/\s+/g, ' '), ...range };
  if (pathsOfMatches.includes(place.peek().path)) setParams({ ...sought, sel: '' });
  else go(hrefTo('/', sought));
}

/** Goes where a text of the query box leads: to the trace that it names, or to what matches it. A mistaken expression goes into the address, too. */
export function submit(written: string): void {
  const reading = readingOf(written);
  // Beside an expression the words have a place of their own, and stay.
  const beside = expression.peek() === '' ? '' : words.peek();
  switch (reading.kind) {
    case 'trace':
      return go(`/traces/${reading.id}`);
    case 'text':
      return search({ q: '', text: `${beside} ${reading.text}` });
    case 'nothing':
    case 'expression':
    case 'mistake':
      return search({ q: written, text: beside });
  }
}

/** Where a click on a value leads: to what satisfies a condition, or to what has a text somewhere. */
export interface Door {
  readonly condition?: string;
  readonly text?: string;
  /** Whether what is searched for already finds the trace that the value stands in: else it is replaced, not narrowed. */
  readonly isFoundBy?: (filter: string, text: string) => boolean;
  /** When that trace starts, in s since the epoch: a time range without it is left. */
  readonly start?: number;
}

/** Narrows what is searched for; `isExcluded`: to what does not satisfy the condition. A text cannot be left out. */
export function openDoor({ condition, text, isFoundBy, start }: Door, isExcluded = false): void {
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

/** A text as a filter expression writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** From a brush over the chart; an end that is not given stays as it is. */
export function narrow({ from, to, shortest, longest }: { from?: number; to?: number; shortest?: number; longest?: number }): void {
  const conditions = [
    ...(shortest === undefined ? [] : [`duration >= ${rounded(shortest, Math.floor)}`]),
    ...(longest === undefined ? [] : [`duration <= ${rounded(longest, Math.ceil)}`]),
  ];
  let q = expression.peek();
  if (conditions.length > 0) {
    // A brush replaces the one before.
    q = parts(q)
      .filter((part) => !/^duration [<>]= [\d.]+$/.test(part))
      .join(' AND ');
    for (const condition of conditions) q = withCondition(q, condition, false);
  }
  setParams({ q, ...(from === undefined || to === undefined ? {} : { from: from.toFixed(3), to: to.toFixed(3), range: '' }) });
}

/** Three digits, outwards: what was in the brush is in the condition. */
function rounded(seconds: number, round: (value: number) => number): string {
  if (seconds <= 0) return '0';
  const scale = 10 ** (2 - Math.floor(Math.log10(seconds)));
  // 189.00000000000003 is 189.
  return String(Number((round(Number((seconds * scale).toPrecision(12))) / scale).toPrecision(3)));
}
