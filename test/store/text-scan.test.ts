import { join } from 'node:path';
import fc, { cases } from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { parseFilter } from '../../src/filter/parse.ts';
import { isFound, type Search } from '../../src/filter/search.ts';
import { textSearch } from '../../src/filter/text.ts';
import { traceRows } from '../../src/query/row.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Random } from '../fakes/random.ts';
import { Scope } from '../fakes/scope.ts';
import { call, segmentJson, START, streamed, type Json } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();
const RANGE = { type: 'TraceId', start: 0, end: 1e12 } as const;
const TRACES = 1_500;
const idOf = (i: number): string => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`;

/**
 * Words that occur in all traces, in half of them, in some or in one; some are prefixes of other words or part of a
 * longer text.
 */
function documentsOf(i: number, random: Random): Json[] {
  const web = segmentJson(i % 2 === 0 ? 'shop' : 'shopping', {
    trace_id: idOf(i),
    from: i / 10,
    user: `u-${i % 40}`,
    http: {
      request: { method: i % 3 === 0 ? 'POST' : 'GET', url: `http://shop.example/orders/${i}?v=2` },
      response: { status: i % 50 === 0 ? 500 : 200 },
    },
    annotations: { customer: `c-${i % 100}`, size: i % 7 },
    ...(i % 50 === 0
      ? {
          cause: {
            exceptions: [
              { id: 'eeeeeeeeeeeeeeee', type: 'TimeoutException', message: `connect ECONNREFUSED 10.0.0.${i % 9}:443` },
            ],
          },
        }
      : {}),
    ...(i % 5 === 0
      ? { subsegments: [call('db', { sql: { sanitized_query: 'SELECT sku FROM stock WHERE id = ?' } })] }
      : {}),
  });
  return random.next() < 0.3 ? [web, streamed(`late charge ${i % 300}`, web.id, { trace_id: idOf(i) })] : [web];
}

/** The traces of a store whose index has several tables, each found by reading all of them. */
function filled(): { file: string; naive: (search: Search) => string[] } {
  const file = join(scope.folder(), 'traces.db');
  const writer = new Writer(openToWrite({ file, isTemporary: true }), { maxBytes: 1e9 / 50 });
  scope.add(() => writer.close());
  const reader = new Reader(openToRead(file));
  scope.add(() => reader.close());
  const random = new Random(3);
  const late: Json[] = [];
  for (let i = 0; i < TRACES; i += 50) {
    const traces = Array.from({ length: 50 }, (_, k) => documentsOf(i + k, random));
    const put = (documents: readonly Json[]): void =>
      void putTexts(
        writer,
        documents.map((each) => JSON.stringify(each)),
        START + i,
      );
    put(traces.map(([first]) => first!));
    late.push(...traces.flatMap((documents) => documents.slice(1)));
    // Some come when their trace is in an older table than the newest.
    if (i % 200 === 0) put(late.splice(0));
  }
  putTexts(
    writer,
    late.map((each) => JSON.stringify(each)),
    START + TRACES,
  );
  const everything = [...reader.scan(RANGE, [])]
    .map(({ view }) => view)
    .sort((a, b) => (a.trace.id < b.trace.id ? 1 : -1));
  expect(everything).toHaveLength(TRACES);
  return { file, naive: (search) => everything.filter((view) => isFound(search, view)).map(({ trace }) => trace.id) };
}

/** Page by page, by a reader that has put no trace together yet. */
async function asked(file: string, search: Search): Promise<string[]> {
  const reader = new Reader(openToRead(file));
  const ids: string[] = [];
  let after: Parameters<typeof traceRows>[1]['after'];
  do {
    const page = await traceRows(reader, { start: 0, end: 1e12, ...search, after, limit: 400 });
    ids.push(...page.rows.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  reader.close();
  return ids;
}

const WORDS = [
  'shop',
  'shopp',
  's',
  'get',
  'post',
  '/orders',
  'orders/1',
  '/orders/77',
  'shop.example/orders/1234',
  '1234',
  'customer=c-7',
  'customer=c-',
  'c-42',
  'u-3',
  'size=3',
  'status=500',
  'status=',
  'timeout',
  'exception',
  'ECONNREFUSED 10.0.0.4:443',
  'refused',
  'select',
  'stock',
  'db',
  'late',
  'charge 12',
  'v=2',
  'absent',
  '404',
  '=',
  '/',
];
const FILTERS = [
  'annotation.customer = "c-7"',
  'user = "u-3"',
  'responsetime >= 0',
  'responsetime > 5',
  'fault',
  '!fault',
  'http.method = "POST"',
  'annotation.size < 2',
];

test('words find what a full scan finds, in the same order: common and rare words, alone, together and with an expression', async () => {
  const { file, naive } = filled();
  const agree = async (text: string, filter: string | undefined): Promise<number> => {
    const search = { filter: filter === undefined ? undefined : parseFilter(filter), text: textSearch(text) };
    const expected = naive(search);
    expect(await asked(file, search), JSON.stringify([text, filter])).toEqual(expected);
    return expected.length;
  };
  for (const word of WORDS) await agree(word, undefined);
  let found = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }),
      fc.option(fc.constantFrom(...FILTERS), { nil: undefined }),
      async (words, filter) => {
        const traces = await agree(words.join(' '), filter);
        if (traces > 0 && traces < TRACES) found++;
      },
    ),
    { numRuns: cases(40), seed: 7 },
  );
  expect(found).toBeGreaterThan(10);
});
