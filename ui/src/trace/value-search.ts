import { createContext } from 'preact';
import type { Expression, Value } from '../../../src/filter/expression.ts';
import { parseFilter } from '../../../src/filter/parse.ts';
import { matches } from '../../../src/filter/predicate.ts';
import { matchesText, textSearch } from '../../../src/filter/text.ts';
import { printFilter } from '../../../src/filter/print.ts';
import { TraceView } from '../../../src/trace/trace-view.ts';
import { ExactNumber } from '../../../src/json/exact-number.ts';
import { inferredServiceOf } from '../../../src/trace/inferred-service.ts';
import { problemOf } from '../query/reading.ts';
import type { ValueSearch } from '../search.ts';
import type { Span, TraceModel } from './model.ts';

/** What a value belongs to, as far as filter expressions can express it. */
export type Asked =
  /** A keyword of requests, applied to the service or call of the value. */
  { readonly keyword: string } | { readonly condition: Expression };

/** Longer text is cut at a word, because it must fit in an address. */
const MAX_TEXT = 200;
/** The index has no more than this of a metadata value. */
const SHORT_TEXT = 90;

/**
 * Searches for the values of one trace. Each is verified on the trace itself, with the matching code of the store,
 * before it is offered: it always has at least one match.
 */
export class ValueSearches {
  readonly #view: TraceView;

  constructor({ trace }: TraceModel) {
    this.#view = new TraceView(trace);
  }

  /** undefined if neither a condition nor a text finds the value. */
  of(span: Span, value: unknown, asked?: Asked): ValueSearch | undefined {
    const found = {
      isFoundBy: (filter: string, text: string): boolean => this.#isFoundBy(filter, text),
      start: this.#view.start,
    };
    const condition =
      asked === undefined ? undefined : this.#candidates(span, value, asked).find((each) => matches(each, this.#view));
    if (condition !== undefined) return { condition: printFilter(condition), ...found };
    if (typeof value !== 'string') return undefined;
    const text = [cut(value, MAX_TEXT), cut(value, SHORT_TEXT)].find((each) => each !== '' && this.#hasText(each));
    return text === undefined ? undefined : { text, ...found };
  }

  /** Candidate conditions, widest first. */
  #candidates(span: Span, value: unknown, asked: Asked): Expression[] {
    if ('condition' in asked) return [asked.condition];
    const comparison = comparisonOf(asked.keyword, undefined, value);
    if (comparison === undefined) return [];
    const { map, root } = this.#view;
    const { entity, kind } = span;
    if (OF_SEGMENTS.has(asked.keyword) || (entity === root && kind === 'segment')) return [comparison];
    const visit = map.visits.find((each) => each.span === entity && each.isInferred === (kind === 'inferred'));
    const calls = map.calls.filter((each) => each.span === entity);
    const names = [...(visit === undefined ? [] : [visit.service.name]), ...calls.map(({ to }) => to.name)];
    return [
      ...names.map((name): Expression => ({ kind: 'service', at: { name }, body: comparison })),
      ...calls.map(({ from, to }): Expression => ({
        kind: 'edge',
        from: { name: from.name },
        to: { name: to.name },
        body: comparison,
      })),
    ];
  }

  #isFoundBy(filter: string, text: string): boolean {
    // Only the local X-Ray knows groups.
    if (/\bgroup\.?(name|arn)\b/i.test(filter)) return true;
    if (filter !== '' && (problemOf(filter) !== undefined || !matches(parseFilter(filter), this.#view))) return false;
    return text === '' || this.#hasText(text);
  }

  #hasText(text: string): boolean {
    const search = textSearch(text);
    return search === undefined || matchesText(search, this.#view);
  }
}

/** Keywords that apply to all segments of a trace. */
const OF_SEGMENTS: ReadonlySet<string> = new Set(['user', 'resource.arn', 'instance.id', 'availabilityzone']);

/** `keyword = value`, for values that expressions support. */
function comparisonOf(keyword: string, key: string | undefined, value: unknown): Expression | undefined {
  const asked = askedValue(value);
  if (asked === undefined) return undefined;
  return { kind: 'compare', field: key === undefined ? { keyword } : { keyword, key }, operator: '=', value: asked };
}

export function annotationAsked(key: string, value: unknown): Asked | undefined {
  const condition = comparisonOf('annotation', key, value);
  return condition === undefined ? undefined : { condition };
}

/** `type`: as in `origin`; any type without it. */
export function serviceAsked(name: string, type?: string): Asked {
  return { condition: { kind: 'service', at: { name, ...(type === undefined ? {} : { type }) }, body: undefined } };
}

/** For a member of `aws`: the service that X-Ray infers, if the member names it. */
export function resourceAsked({ entity }: Span, value: unknown): Asked | undefined {
  if (!entity.isCall) return undefined;
  const { name, type } = inferredServiceOf(entity);
  return name === value && type !== null ? serviceAsked(name, type) : undefined;
}

function askedValue(value: unknown): Value | undefined {
  if (value instanceof ExactNumber) return { exact: value.exact };
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** At most `most` characters, cut between words. */
function cut(text: string, most: number): string {
  const plain = text.trim().replaceAll(/\s+/g, ' ');
  if (plain.length <= most) return plain;
  const whole = plain.slice(0, most + 1).replace(/\s\S*$/, '');
  return whole.length > most ? plain.slice(0, most) : whole;
}

const known = new WeakMap<TraceModel['trace'], ValueSearches>();

export function valueSearchesOf(model: TraceModel): ValueSearches {
  let searches = known.get(model.trace);
  if (searches === undefined) known.set(model.trace, (searches = new ValueSearches(model)));
  return searches;
}

/** For the trace on the screen. */
export const ValueSearchContext = createContext<ValueSearches | undefined>(undefined);
