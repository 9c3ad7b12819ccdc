import { join } from 'node:path';
import fc, { cases } from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { matchesText, textSearch } from '../../src/filter/text.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Random } from '../fakes/random.ts';
import { randomTraces, withVersions } from '../fakes/random-traces.ts';
import { Scope } from '../fakes/scope.ts';
import { call, segmentJson, START, sub, viewOf, type Json } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;

const table = sub('DynamoDB', {
  namespace: 'aws',
  aws: { operation: 'PutItem', table_name: 'orders-eu', request_id: 'RQ77' },
  cause: {
    exceptions: [
      {
        id: 'eeeeeeeeeeeeeeee',
        type: 'ProvisionedThroughputExceededException',
        message: 'rate of table orders exceeded',
      },
    ],
  },
});
const database = sub('shop@db', {
  namespace: 'remote',
  sql: { sanitized_query: 'SELECT sku FROM stock WHERE id = ?', url: 'postgres://db/shop' },
});
const payments = call('payments', {
  http: { request: { method: 'POST', url: 'http://payments/v1/charge' } },
  cause: { exceptions: [{ id: 'eeeeeeeeeeeeeeef', type: 'Error', message: 'connect ECONNREFUSED 10.0.0.7:443' }] },
});
const CHECKOUT: Json = segmentJson('checkout', {
  user: 'user-7731',
  http: {
    request: {
      method: 'GET',
      url: 'http://shop.example/api/orders/42?q=%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7',
      client_ip: '203.0.113.9',
    },
    response: { status: 500 },
  },
  annotations: { tenant: 'acme', retries: 3, beta: true, größe: 'Über' },
  metadata: { default: { cart: { note: 'gift wrap', list: ['注文処理'] } } },
  service: { version: '2026.11.3' },
  subsegments: [table, database, payments],
});

test.each([
  'checkout',
  'CHECKOUT',
  'check',
  '/api/orders',
  'http://shop.example/api',
  'HTTPS://payments/v1',
  'api/orders/42',
  'orders/4',
  'user-7731',
  '7731',
  'user-77',
  'ECONNREFUSED',
  'econnrefused 10.0.0.7:443',
  'provision',
  'ProvisionedThroughput',
  'throughput',
  'exceededexc',
  'tenant=acme',
  'tenant=',
  'acme',
  'retries=3',
  'beta=true',
  'status=500',
  'GET',
  'SELECT sku stock',
  'putitem orders-eu',
  'rq77',
  'заказ',
  'größe=über',
  'GRÖSSE=Über'.replace('SS', 'ß'),
  'gift wrap',
  '処理',
  '2026.11.3',
  '203.0.113',
  'payments charge acme 7731',
])('%s is found', (text) => {
  expect(matchesText(textSearch(text)!, viewOf(CHECKOUT))).toBe(true);
});

test.each([
  'checkouts',
  'heckout',
  '771',
  'tenant=acm=',
  'tenant:acme',
  '"checkout"',
  'checkout AND payments',
  'check*',
  '-checkout',
  'NEAR(checkout)',
  'checkout nothing',
  '🚀',
  'ch\0eckout',
])('%s is not found', (text) => {
  expect(matchesText(textSearch(text)!, viewOf(CHECKOUT))).toBe(false);
});

test('an empty text is not a search', () => {
  for (const text of [undefined, '', ' ', '\u00a0\n\t']) expect(textSearch(text)).toBeUndefined();
});

const ODD = [
  '🚀',
  '"',
  '*',
  '-',
  ':',
  '(',
  ')',
  '^',
  '\0',
  'AND',
  'OR',
  'NOT',
  'NEAR',
  '{',
  '+',
  "'",
  '\\',
  '注',
  'İ',
  'e\u0301',
  '\ud800',
  '%',
  '_',
  '=',
  '/',
  '.',
];

test('the index finds every trace that contains the words, and no deleted one', () => {
  const file = join(scope.folder(), 'traces.db');
  // So small that the index has several generations.
  const sqlite = openToWrite({ file, isTemporary: true });
  const writer = new Writer(sqlite, { maxBytes: 2e6 });
  scope.add(() => writer.close());
  const reader = new Reader(openToRead(file));
  scope.add(() => reader.close());
  const random = new Random(5);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)]!;
  const word = (): string =>
    Array.from({ length: 1 + Math.floor(random.next() * 4) }, () =>
      pick([...ODD, 'pay', 'Gate', 'HTTP', '7', 'x']),
    ).join('');
  const traces = randomTraces(120, 11).map((documents, i) =>
    documents.map((document) => ({
      ...document,
      user: word(),
      annotations: { a: word(), n: 2 ** 53 },
      metadata: { k: [`${word()} ${i}`] },
    })),
  );
  for (const [i, once] of traces.entries()) {
    const documents = i % 3 === 0 ? withVersions(once, () => random.next()) : once;
    const half = i % 2 === 0 ? documents.length : Math.ceil(documents.length / 2);
    for (const part of [documents.slice(0, half), documents.slice(half)]) {
      putTexts(
        writer,
        part.map((document) => JSON.stringify(document)),
        START + i,
      );
    }
  }
  const everything = [...reader.scan(RANGE, [])].map(({ view }) => view);
  expect(everything).toHaveLength(120);
  let narrowed = 0;
  const agree = (text: string): void => {
    const search = textSearch(text);
    if (search === undefined) return;
    const expected = everything.filter((view) => matchesText(search, view)).map(({ trace }) => trace.id);
    const candidates = [...reader.candidates(RANGE, { filter: undefined, text: search })].flatMap(
      ({ view }) => view ?? [],
    );
    const actual = candidates.filter((view) => matchesText(search, view)).map(({ trace }) => trace.id);
    expect(actual.sort(), JSON.stringify(text)).toEqual(expected.sort());
    if (expected.length > 0 && candidates.length < everything.length) narrowed++;
  };
  const asked = fc.array(
    fc.oneof(
      fc.constantFrom(...ODD, 'pay', 'gate', 'web', 'orders', 'getitem', 'a', '24', 'http'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(asked, fc.constantFrom('', ' '), (parts, joint) => agree(parts.join(joint))),
    { numRuns: cases(150) },
  );
  // Pieces of what is there.
  for (let i = 0; i < cases(150); i++) {
    const text = String((pick(traces)[0] as { user?: string }).user);
    const from = Math.floor(random.next() * text.length);
    agree(text.slice(from, from + 1 + Math.floor(random.next() * 6)));
  }
  expect(narrowed).toBeGreaterThan(50);
});
