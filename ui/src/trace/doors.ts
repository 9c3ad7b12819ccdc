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
import type { Door } from '../search.ts';
import type { Span, TraceModel } from './model.ts';

/** What a value is of, as far as expressions can say it. */
export type Asked =
  /** A keyword of requests, which is to be asked of the service or call that the value stands in. */
  { readonly keyword: string } | { readonly condition: Expression };

/** A text longer than this is cut at a word: an address has to hold it. */
const MAX_TEXT = 200;
/** Of metadata no more is indexed. */
const SHORT_TEXT = 90;

/**
 * The doors of one trace. Each is tried on the trace itself, with the code that the store matches with, before it is offered: none can lead to
 * nothing.
 */
export class Doors {
  readonly #view: TraceView;

  constructor({ trace }: TraceModel) {
    this.#view = new TraceView(trace);
  }

  /** undefined when neither a condition nor a text can find the value. */
  of(span: Span, value: unknown, asked?: Asked): Door | undefined {
    const found = { isFoundBy: (filter: string, text: string): boolean => this.#isFoundBy(filter, text), start: this.#view.start };
    const condition = asked === undefined ? undefined : this.#candidates(span, value, asked).find((each) => matches(each, this.#view));
    if (condition !== undefined) return { condition: printFilter(condition), ...found };
    if (typeof value !== 'string') return undefined;
    const text = [cut(value, MAX_TEXT), cut(value, SHORT_TEXT)].find((each) => each !== '' && this.#hasText(each));
    return text === undefined ? undefined : { text, ...found };
  }

  /** From the widest that is true of this place to the narrowest. */
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
      ...calls.map(({ from, to }): Expression => ({ kind: 'edge', from: { name: from.name }, to: { name: to.name }, body: comparison })),
    ];
  }

  #isFoundBy(filter: string, text: string): boolean {
    // Groups are known to the local X-Ray only.
    if (/\bgroup\.?(name|arn)\b/i.test(filter)) return true;
    if (filter !== '' && (problemOf(filter) !== undefined || !matches(parseFilter(filter), this.#view))) return false;
    return text === '' || this.#hasText(text);
  }

  #hasText(text: string): boolean {
    const search = textSearch(text);
    return search === undefined || matchesText(search, this.#view);
  }
}

/** Keywords that a condition asks of all segments of a trace. */
const OF_SEGMENTS: ReadonlySet<string> = new Set(['user', 'resource.arn', 'instance.id', 'availabilityzone']);

/** `keyword = value`, for values that expressions have. */
function comparisonOf(keyword: string, key: string | undefined, value: unknown): Expression | undefined {
  const asked = askedValue(value);
  if (asked === undefined) return undefined;
  return { kind: 'compare', field: key === undefined ? { keyword } : { keyword, key }, operator: '=', value: asked };
}

export function annotationAsked(key: string, value: unknown): Asked | undefined {
  const condition = comparisonOf('annotation', key, value);
  return condition === undefined ? undefined : { condition };
}

/** `type`: as in `origin`; without it any. */
export function serviceAsked(name: string, type?: string): Asked {
  return { condition: { kind: 'service', at: { name, ...(type === undefined ? {} : { type }) }, body: undefined } };
}

/** Of a member of `aws`: the service that X-Ray infers, where the member names it. */
export function resourceAsked({ entity }: Span, value: unknown): Asked | undefined {
  if (!entity.isCall) return undefined;
  const { name, type } = inferredServiceOf(entity);
  return name === value && type !== null ? serviceAsked(name, type) : undefined;
}

function askedValue(value: unknown): Value | undefined {
  if (value instanceof ExactNumber) return { exact: value.exact };
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** At most `most` characters, in whole words. */
function cut(text: string, most: number): string {
  const plain = text.trim().replaceAll(/\s+/g, ' ');
  if (plain.length <= most) return plain;
  const whole = plain.slice(0, most + 1).replace(/\s\S*$/, '');
  return whole.length > most ? plain.slice(0, most) : whole;
}

const known = new WeakMap<TraceModel['trace'], Doors>();

export function doorsOf(model: TraceModel): Doors {
  let doors = known.get(model.trace);
  if (doors === undefined) known.set(model.trace, (doors = new Doors(model)));
  return doors;
}

/** Of the trace on the screen. */
export const DoorsOfTrace = createContext<Doors | undefined>(undefined);
