import type { CauseKind } from '../trace/root-causes.ts';
import type { Exact } from '../json/exact-number.ts';

/** Operators that are words, in lower case; the grammar has them in any case. */
export const WORD_OPERATORS = ['contains', 'beginswith', 'endswith'] as const;
export const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', ...WORD_OPERATORS] as const;
export type WordOperator = (typeof WORD_OPERATORS)[number];
export type Operator = (typeof OPERATORS)[number];
/** A number that a double cannot hold is Exact, because expressions are passed between threads. */
export type Value = string | number | boolean | Exact;
export type CauseLevel = 'service' | 'entity' | 'exception';

/** A property of a trace, a service, an edge or a step of a root cause. */
export interface Field {
  /** In lower case; `annotation`, `source.annotation` and `destination.annotation` have a key. */
  readonly keyword: string;
  readonly key?: string;
}

/** Selects services; a missing property matches any. */
export interface Selector {
  readonly name?: string;
  readonly type?: string;
  readonly accountId?: string;
}

/** A parsed filter expression. */
export type Expression =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'compare'; readonly field: Field; readonly operator: Operator; readonly value: Value }
  | { readonly kind: 'exists'; readonly field: Field }
  | { readonly kind: 'service'; readonly at: Selector; readonly body: Expression | undefined }
  | { readonly kind: 'edge'; readonly from: Selector; readonly to: Selector; readonly body: Expression | undefined }
  | { readonly kind: 'rootcause'; readonly cause: CauseKind; readonly level: CauseLevel; readonly body: Expression }
  | { readonly kind: 'rootcause.json'; readonly isEqual: boolean; readonly json: readonly unknown[] };

/** Whether a word, in any case, is an operator. */
export function isWordOperator(word: string): boolean {
  return (WORD_OPERATORS as readonly string[]).includes(word.toLowerCase());
}

/** The position of a field in the expression, which determines the available keywords. */
export type Scope = 'trace' | 'service' | 'edge' | 'rootcause';

const STATUS = ['ok', 'error', 'throttle', 'fault'];
const REQUEST = [
  'responsetime',
  'duration',
  'http.status',
  'http.url',
  'http.method',
  'http.useragent',
  'http.clientip',
];
const ANYWHERE = ['user', 'availabilityzone', 'instance.id', 'resource.arn'];

/**
 * Keywords by scope. Sources: X-Ray developer guide, filter expressions; recorded answers of X-Ray for the keywords
 * within braces.
 */
export const KEYWORDS: Readonly<Record<Scope, readonly string[]>> = {
  trace: [
    ...STATUS,
    'partial',
    'inferred',
    ...REQUEST,
    ...ANYWHERE,
    'annotation',
    'group.name',
    'group.arn',
    'rootcause.json',
  ],
  service: [...STATUS, 'partial', 'inferred', 'root', ...REQUEST, ...ANYWHERE],
  edge: [...STATUS, ...REQUEST, 'source.annotation', 'destination.annotation'],
  rootcause: ['first', 'last', 'remote', 'inferred', 'index', 'coverage', 'name', 'type', 'message'],
};

export const BOOLEANS: ReadonlySet<string> = new Set([
  ...STATUS,
  'partial',
  'inferred',
  'root',
  'first',
  'last',
  'remote',
]);
/** What may follow `rootcause.`; response times have no exceptions. */
export const CAUSES: ReadonlyMap<string, { cause: CauseKind; level: CauseLevel }> = new Map(
  (['fault', 'error', 'responsetime'] as const).flatMap((cause) =>
    (['service', 'entity', 'exception'] as const)
      .filter((level) => cause !== 'responsetime' || level !== 'exception')
      .map((level) => [`rootcause.${cause}.${level}`, { cause, level }] as const),
  ),
);
