import { computed } from '@preact/signals';
import { parseFilter } from '../../src/xray/filter/parse.ts';
import { printFilter } from '../../src/xray/filter/print.ts';
import { ExactNumber } from '../../src/xray/trace/exact-number.ts';
import type { Query } from './api.ts';
import { go, hrefTo, param, place, setParams } from './route.ts';
import { nowSeconds } from './wall-clock.ts';

export const RANGES = {
  '15m': { name: 'Last 15 minutes', seconds: 15 * 60 },
  '1h': { name: 'Last hour', seconds: 3_600 },
  '6h': { name: 'Last 6 hours', seconds: 6 * 3_600 },
  '24h': { name: 'Last 24 hours', seconds: 24 * 3_600 },
} as const;
export type RangeName = keyof typeof RANGES;

/** The expression in the address; it may have a mistake. */
export const expression = computed(() => param('q'));

// Each a signal of its own, so that a change of another parameter is none here.
const rangeParam = computed(() => param('range'));
const fromParam = computed(() => param('from'));
const toParam = computed(() => param('to'));

/** What is searched for, with the time range made absolute when it was chosen. */
export const searched = computed<Query>(() => {
  const filter = isValid(expression.value) ? expression.value : '';
  const [from, to] = [Number(fromParam.value), Number(toParam.value)];
  if (toParam.value !== '' && Number.isFinite(from) && Number.isFinite(to)) return { filter, from, to };
  const seconds = rangeSeconds(rangeParam.value);
  return seconds === undefined ? { filter } : { filter, from: nowSeconds() - seconds };
});

export function rangeSeconds(name: string): number | undefined {
  return Object.hasOwn(RANGES, name) ? RANGES[name as RangeName].seconds : undefined;
}

export function isValid(text: string): boolean {
  return problemOf(text) === undefined;
}

/** What is wrong with an expression, and where. */
export function problemOf(text: string): { message: string; position: number } | undefined {
  if (text.trim() === '') return undefined;
  try {
    parseFilter(text);
    return undefined;
  } catch (error) {
    const { message, position = 0 } = error as Error & { position?: number };
    return { message, position };
  }
}

/** Shows what matches: in the list, or on the map when that is open. */
export function search(text: string): void {
  const q = text.trim();
  const { screen } = place.peek();
  if (screen === 'traces' || screen === 'map') setParams({ q, sel: '' });
  else go(hrefTo('/', { q }));
}

/** Adds a condition to what is searched for, or its opposite. */
export function addCondition(condition: string, isExcluded = false): void {
  search(withCondition(expression.peek(), condition, isExcluded));
}

export function withCondition(text: string, condition: string, isExcluded: boolean): string {
  const added = isExcluded ? `!(${condition})` : condition;
  if (text.trim() === '' || !isValid(text)) return added;
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

/** `annotation.key = value`. */
export function annotationCondition(key: string, value: unknown): string {
  const asked = typeof value === 'number' || typeof value === 'boolean' || value instanceof ExactNumber ? value : String(value);
  return printFilter({ kind: 'compare', field: { keyword: 'annotation', key }, operator: '=', value: asked });
}

/** From a brush over the chart; an end that is not given stays as it is. */
export function narrow({ from, to, shortest, longest }: { from?: number; to?: number; shortest?: number; longest?: number }): void {
  const conditions = [
    ...(shortest === undefined ? [] : [`duration >= ${rounded(shortest)}`]),
    ...(longest === undefined ? [] : [`duration <= ${rounded(longest)}`]),
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

function rounded(seconds: number): string {
  return String(Number(seconds.toPrecision(3)));
}
