import { join } from 'node:path';
import { expect, test } from 'vitest';
import { awsJson } from '../../src/json/aws-json.ts';
import { OUTCOMES, SORT_KEYS, type SortKey, type TraceRow } from '../../src/api/page-types.ts';
import { parseFilter } from '../../src/filter/parse.ts';
import type { Search } from '../../src/filter/search.ts';
import { textSearch } from '../../src/filter/text.ts';
import { serviceGraph } from '../../src/query/graphs.ts';
import { Rankings, type OrderCursor } from '../../src/query/ranking.ts';
import { rowOf } from '../../src/query/row.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Random } from '../fakes/random.ts';
import { randomTraces, withVersions } from '../fakes/random-traces.ts';
import { Scope } from '../fakes/scope.ts';
import { call, segmentJson, START, viewOf } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();
const ALWAYS = { start: -1, end: Number.MAX_VALUE };

interface Opened {
  readonly put: (...documents: readonly object[]) => void;
  readonly reader: Reader;
  readonly rankings: Rankings;
}

function open(): Opened {
  const file = join(scope.folder(), 'traces.db');
  const writer = new Writer(openToWrite({ file, isTemporary: true }), { maxBytes: 1e9 });
  const reader = new Reader(openToRead(file));
  scope.add(() => writer.close());
  scope.add(() => reader.close());
  const put = (...documents: readonly object[]): void => {
    putTexts(
      writer,
      documents.map((document) => JSON.stringify(document)),
      START,
    );
  };
  return { put, reader, rankings: new Rankings(reader, () => Date.now()) };
}

/** What a person sees of a row, by which they would say that the order is wrong. */
const SHOWN: Readonly<Record<SortKey, (row: TraceRow, at: number) => string | number>> = {
  start: (row) => row.start,
  name: (row) => row.url ?? row.name,
  services: (row) => row.serviceCount,
  status: (row) => OUTCOMES.indexOf(row.outcome) * 1_000 + (row.status ?? 0),
  duration: (row, at) => (row.isOpen ? at - row.start : (row.duration ?? -1)),
  spans: (row) => row.spans,
};

async function allPages(rankings: Rankings, search: Search, key: SortKey, isDescending: boolean): Promise<TraceRow[]> {
  const rows: TraceRow[] = [];
  let after: OrderCursor | undefined;
  do {
    const page = await rankings.page({ ...ALWAYS, ...search, order: { key, isDescending }, after, limit: 7 });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** By position, from the last window to the first one. */
async function allWindows(
  rankings: Rankings,
  search: Search,
  key: SortKey,
  isDescending: boolean,
): Promise<TraceRow[]> {
  const request = { ...ALWAYS, ...search, order: { key, isDescending }, limit: 7, find: undefined };
  const { ranking, traces } = await rankings.window({ ...request, skip: 0, ranking: undefined });
  const rows: (TraceRow | null)[] = [];
  for (let skip = Math.floor((traces - 1) / 7) * 7; skip >= 0; skip -= 7) {
    const window = await rankings.window({ ...request, skip, ranking });
    expect([window.ranking, window.traces]).toEqual([ranking, traces]);
    rows.unshift(...window.rows);
  }
  return rows.filter((row) => row !== null);
}

function fill({ put }: Opened, hasVersions = true): void {
  const random = new Random(3);
  for (const [i, once] of randomTraces(120, 5).entries()) {
    const documents = hasVersions && i % 3 === 0 ? withVersions(once, () => random.next()) : once;
    // One by one, in any order: the root may come last, and be in progress first.
    for (const document of documents.toSorted(() => random.next() - 0.5)) {
      // Of segments that begin at the same microsecond either may give the trace its name.
      const start =
        (document['start_time'] as number) - Number.parseInt((document['id'] as string).slice(-4), 16) / 1e6;
      put({ ...document, start_time: start });
    }
  }
}

test.each(SORT_KEYS)(
  'pages and windows sorted by %s contain every trace once, in the displayed order, in both directions',
  async (key) => {
    const store = open();
    // An end that only a replaced version had is still in the table: such a trace may come a page early, too.
    fill(store, key !== 'duration');
    const all = [...store.reader.scan({ type: 'TraceId', ...ALWAYS }, [])].map(({ view }) => view.trace.id).sort();
    const value = SHOWN[key];
    for (const [isDescending, parts] of [true, false].flatMap((each) => [
      [each, allPages] as const,
      [each, allWindows] as const,
    ])) {
      const rows = await parts(store.rankings, { filter: undefined }, key, isDescending);
      expect(rows.map(({ id }) => id).sort()).toEqual(all);
      const at = Date.now() / 1000;
      // Parts without a parent do not count for what is shown, and may bring their trace a page early.
      const whole = key === 'duration' ? rows.filter(({ isPartial }) => !isPartial) : rows;
      const values = whole.map((row) => value(row, at));
      for (const [i, next] of values.slice(1).entries()) {
        const before = values[i]!;
        const inOrder = next === before || next < before === isDescending;
        if (!inOrder) expect([i, before, next]).toEqual('in order');
      }
    }
  },
);

test('sorting with an expression and words returns the matches, their number and the longest duration', async () => {
  const store = open();
  fill(store);
  const rows = [...store.reader.scan({ type: 'TraceId', ...ALWAYS }, [])].map(({ view }) => rowOf(view));
  const longest = (some: readonly TraceRow[]): number =>
    Math.max(...some.filter(({ isOpen }) => !isOpen).map(({ duration }) => duration ?? 0));
  expect(await store.rankings.totals({ ...ALWAYS, filter: undefined })).toEqual({
    traces: 120,
    isExact: true,
    longest: longest(rows),
  });
  for (const search of [
    { filter: parseFilter('fault') },
    { filter: undefined, text: textSearch('dynamodb') },
    { filter: parseFilter('error'), text: textSearch('boom') },
  ]) {
    const found = await allPages(store.rankings, search, 'duration', true);
    const totals = await store.rankings.totals({ ...ALWAYS, ...search });
    expect(await allWindows(store.rankings, search, 'duration', true)).toEqual(found);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(120);
    expect(totals).toEqual({ traces: found.length, isExact: true, longest: longest(found) });
  }
  expect(await store.rankings.totals({ start: 0, end: 1, filter: undefined })).toEqual({
    traces: 0,
    isExact: true,
    longest: null,
  });
});

test('sorts running traces by how long they have been running', async () => {
  const { put, rankings } = open();
  const now = Date.now() / 1000;
  const idOf = (i: number): string => `1-${START.toString(16)}-${String(i).padStart(24, '0')}`;
  put({ ...segmentJson('a'), trace_id: idOf(1), start_time: now - 20, end_time: now - 15 });
  put({ ...segmentJson('b', { in_progress: true }), trace_id: idOf(2), start_time: now - 10 });
  put({ ...segmentJson('c'), trace_id: idOf(3), start_time: now - 3, end_time: now - 1 });
  const { rows } = await rankings.page({
    ...ALWAYS,
    filter: undefined,
    order: { key: 'duration', isDescending: true },
    after: undefined,
    limit: 9,
  });
  expect(rows.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
});

test('a trace that arrives between two pages moves no trace from one page to the other', async () => {
  const { put, rankings } = open();
  const idOf = (i: number): string => `1-${START.toString(16)}-${String(i).padStart(24, '0')}`;
  for (let i = 0; i < 20; i++) put(segmentJson('web', { trace_id: idOf(i), to: 1 + (i % 5) }));
  for (const filter of [undefined, parseFilter('service("web")')]) {
    const request = { ...ALWAYS, filter, order: { key: 'duration', isDescending: true } as const, limit: 8 };
    const first = await rankings.page({ ...request, after: undefined });
    put(segmentJson('web', { trace_id: idOf(filter === undefined ? 100 : 101), to: 50 }));
    const second = await rankings.page({ ...request, after: first.next });
    const third = await rankings.page({ ...request, after: second.next });
    const ids = [first, second, third].flatMap(({ rows }) => rows.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(20);
  }
});

test('if clocks disagree, a row has the start and duration of the root', () => {
  const inventory = call('inventory', { from: 0.1, to: 0.4 });
  const row = rowOf(
    viewOf(
      segmentJson('web', { to: 0.5, subsegments: [inventory] }),
      segmentJson('inventory', { parent_id: inventory.id, from: -2.5, to: -2.2 }),
    ),
  );
  expect(row.start).toBe(START);
  expect(row.duration).toBeCloseTo(0.5);
  // A consumer that goes on after the answer is a part of the trace.
  const queue = call('queue', { from: 0.1, to: 0.2 });
  const later = rowOf(
    viewOf(
      segmentJson('web', { to: 0.5, subsegments: [queue] }),
      segmentJson('worker', { parent_id: queue.id, from: 1, to: 3 }),
    ),
  );
  expect(later.duration).toBeCloseTo(3);
});

test('a graph that runs out of time shows the newest traces, and says so', async () => {
  const namesIn = namesOfGraph(20);
  expect(await namesIn(-1)).toEqual({ names: ['service-19'], isPartial: true });
  const { names, isPartial } = await namesIn();
  expect([names.length, isPartial]).toEqual([20, false]);
});

test('a graph that is almost complete when its time is up is completed', async () => {
  // Time is up after the newest trace, and again after the one before.
  expect(await namesOfGraph(2)(-1)).toEqual({ names: ['service-0', 'service-1'], isPartial: false });
  expect(await namesOfGraph(3)(-1)).toEqual({ names: ['service-1', 'service-2'], isPartial: true });
});

/** The services of a graph for which there are so many ms, of `count` traces with one service each. */
function namesOfGraph(count: number): (maxMs?: number) => Promise<{ names: string[]; isPartial: boolean }> {
  const { put, reader } = open();
  for (let i = 0; i < count; i++) {
    put({
      ...segmentJson(`service-${i}`),
      trace_id: `1-${START.toString(16)}-${String(i).padStart(24, '0')}`,
      start_time: START + i,
      end_time: START + i + 1,
    });
  }
  return async (maxMs) => {
    const graph = JSON.parse(
      awsJson(await serviceGraph(reader, { range: { type: 'TraceId', ...ALWAYS }, filter: undefined, maxMs })),
    ) as {
      Services: { Name: string; Type: string | null }[];
      IsPartial?: boolean;
    };
    const names = new Set(graph.Services.filter(({ Type }) => Type !== 'client').map(({ Name }) => Name));
    return { names: [...names], isPartial: graph.IsPartial === true };
  };
}
