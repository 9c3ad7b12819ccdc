import fc from './fast-check.ts';
import {
  OPERATORS,
  type Expression,
  type Field,
  type Scope,
  type Selector,
  type Value,
} from '../../src/filter/expression.ts';

/** Names and values of the tests' traces, so that filters match sometimes. */
const NAMES = ['web', 'orders', 'api.example.com', 'none'];

const TEXTS: readonly Value[] = [
  'web',
  'u1',
  'a',
  '',
  'true',
  'x'.repeat(250),
  'x'.repeat(199),
  'http://shop/',
  'GET',
  'us-east-1a',
  'i-1',
  'arn:x',
];
const NUMBERS: readonly Value[] = [0, 1, 2, 0.5, 200, 404, 429, 500, -3, 2 ** 53];
/** Neighbours of 2^53, and beyond all doubles. */
const EXACT: readonly Value[] = [
  '9007199254740993',
  '-9007199254740993',
  '-0',
  '1e400',
  '2e400',
  '-1e400',
  '1e-400',
].map((exact) => ({ exact }));
const values: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...NUMBERS, ...EXACT),
  fc.boolean(),
);

const plainFields = (keywords: readonly string[]): fc.Arbitrary<Field> =>
  fc.constantFrom(...keywords.map((keyword) => ({ keyword })));
const KEYS = ['key', 'flag', 'size', 'my.key', 'aws:api_id', 'a "]b', 'absent'];
const keyed = (keyword: string): fc.Arbitrary<Field> => fc.constantFrom(...KEYS).map((key) => ({ keyword, key }));

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
const PLACES = ['user', 'availabilityzone', 'instance.id', 'resource.arn'];

const FIELDS: Readonly<Record<Scope, fc.Arbitrary<Field>>> = {
  trace: fc.oneof(plainFields([...STATUS, 'partial', 'inferred', ...REQUEST, ...PLACES]), keyed('annotation')),
  service: plainFields([...STATUS, 'partial', 'inferred', 'root', ...REQUEST, ...PLACES]),
  edge: fc.oneof(plainFields([...STATUS, ...REQUEST]), keyed('source.annotation'), keyed('destination.annotation')),
  rootcause: plainFields(['first', 'last', 'remote', 'inferred', 'index', 'coverage', 'name', 'type', 'message']),
};

const selectors: fc.Arbitrary<Selector> = fc
  .record(
    {
      name: fc.constantFrom(...NAMES),
      type: fc.constantFrom('remote', 'AWS::DynamoDB::Table'),
      accountId: fc.constant('1'),
    },
    { requiredKeys: [] },
  )
  .map((selector) => Object.fromEntries(Object.entries(selector).filter(([, value]) => value !== undefined)));

function leaves(scope: Scope): fc.Arbitrary<Expression> {
  return fc.oneof(
    fc.record({ kind: fc.constant('exists' as const), field: FIELDS[scope] }),
    fc
      .record({
        kind: fc.constant('compare' as const),
        field: FIELDS[scope],
        operator: fc.constantFrom(...OPERATORS),
        value: values,
      })
      // The text "true" or "false" counts as a boolean where one is expected.
      .filter(
        ({ field, value }) => !(typeof value === 'string' && value === 'true' && !field.keyword.includes('annotation')),
      ),
  );
}

/** Joined as by the parser: no list within a list of the same kind, at least two elements in each. */
function combined(leaf: fc.Arbitrary<Expression>, depth: number): fc.Arbitrary<Expression> {
  if (depth === 0) return leaf;
  const inner = combined(leaf, depth - 1);
  const list = (kind: 'and' | 'or'): fc.Arbitrary<Expression> =>
    fc
      .array(
        inner.filter((each) => each.kind !== kind),
        { minLength: 2, maxLength: 3 },
      )
      .map((of) => ({ kind, of }));
  return fc.oneof(
    leaf,
    list('and'),
    list('or'),
    inner.map((of) => ({ kind: 'not' as const, of })),
  );
}

const bodyOf = (scope: Scope): fc.Arbitrary<Expression> => combined(leaves(scope), 1);
const complex: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    kind: fc.constant('service' as const),
    at: selectors,
    body: fc.option(bodyOf('service'), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('edge' as const),
    from: selectors,
    to: selectors,
    body: fc.option(bodyOf('edge'), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('rootcause' as const),
    cause: fc.constantFrom('fault' as const, 'error' as const, 'responsetime' as const),
    level: fc.constantFrom('service' as const, 'entity' as const),
    body: bodyOf('rootcause'),
  }),
  fc.record({
    kind: fc.constant('rootcause.json' as const),
    isEqual: fc.boolean(),
    json: fc.constantFrom<readonly unknown[]>([], [{ Services: [{ Name: 'web' }] }]),
  }),
);

/** Filter expressions of every form. */
export const expressions: fc.Arbitrary<Expression> = combined(fc.oneof(leaves('trace'), complex), 2);

/** Each field of a trace with each operator and each value. */
export function* comparisons(): Generator<Expression> {
  const fields: Field[] = [
    ...[...STATUS, 'partial', 'inferred', ...REQUEST, ...PLACES].map((keyword) => ({ keyword })),
    ...KEYS.map((key) => ({ keyword: 'annotation', key })),
  ];
  for (const field of fields) {
    yield { kind: 'exists', field };
    const numbers = field.key === 'size' ? [...NUMBERS, ...EXACT] : NUMBERS;
    for (const operator of OPERATORS)
      for (const value of [...TEXTS, ...numbers, true, false]) yield { kind: 'compare', field, operator, value };
  }
}
