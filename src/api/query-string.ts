/** Parameters of the query strings of xrayd's own routes. Each arrives as text; AWS's operations have none. */
import { readTraceId } from '../trace/trace-id.ts';
import * as Type from './type.ts';
import { member, objectOf } from '../json/json.ts';
import { SORT_KEYS, type SortKey } from '../query/answers.ts';
import type { Order } from '../query/ranking.ts';
import type { TimeRange } from '../query/source.ts';
import { invalid, type ApiError } from './api-error.ts';

const MAX_SHOWN = 40;
const MAX_NAME = 100;

/** A parameter that may be absent. An empty one counts as absent where the route says so. */
export const Text = Type.Optional(Type.String());
/** What decides which traces a route is about: a filter expression, words, and `true` for unsampled traces too. */
export const Selected = { filter: Text, text: Text, unsampled: Text };
/** The same, with the earliest and latest start in seconds since the epoch. */
export const Search = { ...Selected, from: Text, to: Text };

/** The path of a route about one trace. */
export const OneTrace = Type.Object({ id: Type.String() });

/** The trace of a path, whose ID may be in any notation, or in a line of a log. */
export function traceIdOf({ id }: { readonly id: string }): string {
  return readTraceId(id) ?? id;
}

/** The parameters, each given once. Throws InvalidRequestException if one is given twice. */
export function parametersOf(query: unknown): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of Object.entries(objectOf(query))) {
    if (typeof value !== 'string')
      throw invalid(`The query parameter ${JSON.stringify(name.slice(0, MAX_NAME))} is given more than once`);
    parameters.set(name, value);
  }
  return parameters;
}

/**
 * A validator for parameters of a path or a query string, which are strings: `parametersOf` has checked that. One of
 * fastify's for each route would take 0.5 MB of memory together. Throws if the schema names another type.
 */
export function acceptTexts(schema: unknown, url: string): () => true {
  const other = Object.entries(objectOf(member(schema, 'properties'))).find(
    ([, parameter]) => member(parameter, 'type') !== 'string',
  );
  if (other !== undefined) throw new Error(`${url}: the parameter ${other[0]} must be a string in the schema`);
  return () => true;
}

/** A whole number of 1 or more; undefined if absent. Throws InvalidRequestException. */
export function countOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1) throw wrong(name, 'a whole number of 1 or more', text);
  return count;
}

/** A whole number; 0 if absent. Throws InvalidRequestException. */
export function positionOf(name: string, text: string | undefined): number {
  if (text === undefined || /^\d{0,15}$/.test(text)) return Number(text ?? 0);
  throw wrong(name, 'a whole number of 0 or more', text);
}

/** A number of 0 or more; undefined if absent. Throws InvalidRequestException. */
export function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw wrong(name, 'a number of 0 or more', text);
  return number;
}

/** False if absent. Throws InvalidRequestException. */
export function flagOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'true' || text === 'false') return text === 'true';
  throw wrong(name, 'true or false', text);
}

/** Without `to`, also traces that claim to be of the year 56,000: their times are in milliseconds. */
export function rangeOf({
  from,
  to,
}: {
  readonly from?: string;
  readonly to?: string;
}): Pick<TimeRange, 'start' | 'end'> {
  return { start: numberOf('from', from) ?? -1, end: numberOf('to', to) ?? Number.MAX_VALUE };
}

/** undefined if absent: newest first, as they are found. Throws InvalidRequestException. */
export function orderOf(text: string | undefined): Order | undefined {
  if (text === undefined || text === '') return undefined;
  const isDescending = text.startsWith('-');
  const key = text.slice(isDescending ? 1 : 0);
  if (isSortKey(key)) return { key, isDescending };
  throw wrong('sort', `one of ${SORT_KEYS.join(', ')}, with - before it for the greatest first`, text);
}

function isSortKey(text: string): text is SortKey {
  return SORT_KEYS.some((key) => key === text);
}

function wrong(name: string, expected: string, text: string): ApiError {
  return invalid(`${name} is ${expected}, not "${text.slice(0, MAX_SHOWN)}"`);
}
