import './browser-globals.ts';
import { afterEach, expect, test, vi } from 'vitest';
import type { Overview, TraceRow } from '../../src/api/page-types.ts';
import { listedOf } from '../../ui/src/traces/listed.ts';
import { MAX_ROWS } from '../../ui/src/traces/pages.ts';
import { RowList } from '../../ui/src/traces/row-list.ts';
import { traceRow } from './trace-row.ts';

/** On a busy machine an answer may take longer than vitest's second. */
const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

afterEach(() => vi.unstubAllGlobals());

const row = (id: string, start: number, duration: number): TraceRow => traceRow(id, start, { duration });

/** Answers as the store does: the last ones that came are the first of those that began at one time. */
class Store {
  rows: TraceRow[];
  /** Orders that were made, by name. */
  readonly rankings: TraceRow[][] = [];
  readonly asked: string[] = [];
  windowMs = 0;

  constructor(rows: TraceRow[]) {
    this.rows = rows;
    vi.stubGlobal(
      'fetch',
      async (path: string) => new Response(JSON.stringify(await this.answer(new URL(path, 'http://x')))),
    );
  }

  ordered(sort: string): TraceRow[] {
    const newest = this.rows.toReversed().toSorted((a, b) => b.start - a.start);
    if (sort === '') return newest;
    return newest.toSorted((a, b) => (sort === '-duration' ? b.duration! - a.duration! : a.duration! - b.duration!));
  }

  async answer({ pathname, searchParams }: URL): Promise<object> {
    const [limit, skip] = [Number(searchParams.get('limit')), Number(searchParams.get('skip') ?? 0)];
    this.asked.push(pathname);
    if (pathname === '/api/overview') return this.overview();
    if (pathname === '/api/window') {
      await new Promise((next) => setTimeout(next, this.windowMs));
      const given = searchParams.get('ranking');
      const ranking =
        given === null || given === ''
          ? this.rankings.push(this.ordered(searchParams.get('sort')!)) - 1
          : Number(given);
      const all = this.rankings[ranking]!;
      const found = all.findIndex(({ id }) => id === searchParams.get('find'));
      return {
        rows: all.slice(skip, skip + limit),
        ranking: String(ranking),
        traces: all.length,
        found: found < 0 ? null : found,
      };
    }
    expect(searchParams.has('sort')).toBe(false);
    const at = Number(searchParams.get('after') ?? 0);
    const rows = this.ordered('').slice(at, at + limit);
    return { rows, next: at + limit < this.rows.length ? String(at + limit) : null };
  }

  overview(): Overview {
    const points = { starts: [], seconds: [], outcomes: [], counts: [], open: [], rows: [] };
    const times = { from: 0, to: 1, older: 0, newer: 0, isFuture: false };
    return {
      traces: this.rows.length,
      isExact: true,
      longest: 9,
      outcomes: [this.rows.length, 0, 0, 0, 0],
      times,
      points,
      lengths: points,
    };
  }
}

async function listOf(store: Store, sort = ''): Promise<RowList> {
  const list = new RowList();
  list.order(sort);
  list.show({ filter: '', text: '' });
  await waitFor(() => expect(list.isComplete.value).toBe(true));
  if (store.rows.length > MAX_ROWS) await waitFor(() => expect(list.overview.value).toBeDefined());
  return list;
}

/** Looks at everything, from the top to the bottom, a screen at a time. */
async function scrolledThrough(list: RowList, sort: string): Promise<string[]> {
  const ids: string[] = [];
  await waitFor(() => {
    listedOf(list, sort).want(0, 50);
    expect(listedOf(list, sort).length).toBeGreaterThan(0);
  });
  for (let at = 0; at < listedOf(list, sort).length; at += 50) {
    const last = (): number => Math.min(at + 50, listedOf(list, sort).length);
    await waitFor(() => {
      listedOf(list, sort).want(at, at + 50);
      for (let i = at; i < last(); i++) expect(listedOf(list, sort).at(i)).toBeDefined();
    });
    for (let i = at; i < last(); i++) ids.push(listedOf(list, sort).at(i)!.id);
  }
  return ids;
}

const idsOf = (rows: readonly TraceRow[]): string[] => rows.map(({ id }) => id);
const five = (start: (i: number) => number): TraceRow[] =>
  Array.from({ length: 5_000 }, (_, i) => row(`t${i}`, start(i), ((i * 7_919) % 5_000) / 10));

test('the page holds the newest of very many traces, and shows how many there are', async () => {
  const store = new Store(five((i) => i));
  const list = await listOf(store);
  expect([list.rows.length, list.rows[0]!.id]).toEqual([MAX_ROWS, 't4999']);
  expect(list.found).toEqual({ traces: 5_000, isAll: true });
  expect(store.asked.filter((path) => path === '/api/traces')).toHaveLength(3);
  expect(store.asked).not.toContain('/api/window');
});

test('with the store’s order, every trace is in its place, and the page holds few', async () => {
  const store = new Store(five((i) => i));
  const list = await listOf(store, '-duration');
  expect(await scrolledThrough(list, '-duration')).toEqual(idsOf(store.ordered('-duration')));
  expect(store.rankings).toHaveLength(1);
  const listed = listedOf(list, '-duration');
  expect(
    Array.from({ length: listed.length }, (_, i) => listed.at(i)).filter((each) => each !== undefined).length,
  ).toBeLessThan(3_000);
});

test.each([
  ['one after the other', (i: number) => i],
  ['seven at one time', (i: number) => Math.floor(i / 7)],
  ['all at one time', () => 1],
])('newest first, what the page does not hold follows without a gap: traces that began %s', async (_, start) => {
  const store = new Store(five(start));
  const list = await listOf(store);
  // Of those that began at one time the store may have others first: that is known when the end of what the page holds
  // has been seen.
  await scrolledThrough(list, '');
  const ids = await scrolledThrough(list, '');
  expect(new Set(ids).size).toBe(5_000);
  expect(ids).toHaveLength(5_000);
});

test('traces that arrive while the reader is far down wait, and move nothing', async () => {
  const store = new Store(five((i) => i));
  const list = await listOf(store);
  list.hold(true);
  const late = Array.from({ length: 30 }, (_, i) => row(`late${i}`, 6_000 + i, 1));
  store.rows = [...store.rows, ...late];
  list.apply(late, []);
  // One of long ago, that changed and that the page does not hold, is no new one.
  list.apply([row('t3', 3, 7)], []);
  expect(list.waiting.value).toBe(30);
  expect(await scrolledThrough(list, '')).toEqual(idsOf(five((i) => i).toReversed()));
  list.hold(false);
  expect(listedOf(list, '').at(0)!.id).toBe('late29');
  expect(await scrolledThrough(list, '')).toEqual(idsOf(store.ordered('')));
});

test('asks the store for the position of a trace that the page does not hold', async () => {
  const store = new Store(five((i) => i));
  for (const sort of ['', '-duration'] as const) {
    const list = await listOf(store, sort);
    await waitFor(() => {
      listedOf(list, sort).mayCome('t7');
      expect(listedOf(list, sort).placeOf('t7')).toBe(idsOf(store.ordered(sort)).indexOf('t7'));
    });
    await waitFor(() => expect(listedOf(list, sort).mayCome('nobody')).toBe(false));
    expect(listedOf(list, sort).placeOf('nobody')).toBe(-1);
  }
});

test('requests a new order, from its beginning, if the store has forgotten the old one', async () => {
  const store = new Store(five((i) => i));
  const list = await listOf(store, '-duration');
  await waitFor(() => {
    listedOf(list, '-duration').want(0, 20);
    expect(listedOf(list, '-duration').at(19)).toBeDefined();
  });
  store.rows = store.rows.map((each) => ({ ...each, duration: 1_000 - each.duration! }));
  store.answer = async (url) => {
    if (url.searchParams.get('ranking') === '0') url.searchParams.set('ranking', '');
    return Store.prototype.answer.call(store, url);
  };
  listedOf(list, '-duration').want(4_000, 4_020);
  await waitFor(() => expect(listedOf(list, '-duration').at(4_000)?.id).toBe(store.ordered('-duration')[4_000]!.id));
  expect(listedOf(list, '-duration').at(0)).toBeUndefined();
});

test('shows the newest traces while the store sorts slowly, and then the previous order while it sorts again', async () => {
  const store = new Store(five((i) => i));
  store.windowMs = 900;
  const list = await listOf(store, '-duration');
  listedOf(list, '-duration').want(0, 20);
  expect(listedOf(list, '-duration').length).toBe(0);
  await waitFor(() => expect(list.isOrdering).toBe(true));
  expect(listedOf(list, '-duration').at(0)!.id).toBe('t4999');
  await waitFor(() => expect(listedOf(list, '-duration').at(0)?.id).toBe(store.ordered('-duration')[0]!.id));
  expect(list.isOrdering).toBe(false);
  list.order('duration');
  listedOf(list, 'duration').want(0, 20);
  expect(listedOf(list, 'duration').at(0)!.id).toBe(store.ordered('-duration')[0]!.id);
  await waitFor(() => expect(listedOf(list, 'duration').at(0)?.id).toBe(store.ordered('duration')[0]!.id));
});

test('the page sorts a list that it holds completely, and hands a list that outgrows it to the store', async () => {
  const store = new Store(five((i) => i).slice(0, 1_990));
  const list = await listOf(store);
  list.order('-duration');
  listedOf(list, '-duration').want(0, 20);
  expect(listedOf(list, '-duration').at(0)!.id).toBe(store.ordered('-duration')[0]!.id);
  expect(store.asked).not.toContain('/api/window');
  list.order('');
  store.rows = five((i) => i);
  list.apply(store.rows.slice(1_990), []);
  expect(list.rows).toHaveLength(MAX_ROWS);
  await waitFor(() => expect(list.found).toEqual({ traces: 5_000, isAll: true }));
  expect(await scrolledThrough(list, '')).toEqual(idsOf(store.ordered('')));
});

test('keeps the newest of a flood of waiting traces', async () => {
  const list = await listOf(new Store(five((i) => i)));
  list.hold(true);
  for (let i = 0; i < 5_000; i += 100)
    list.apply(
      Array.from({ length: 100 }, (_, j) => row(`n${i + j}`, 6_000 + i + j, 1)),
      [],
    );
  expect(list.waiting.value).toBe(MAX_ROWS);
  list.hold(false);
  expect(list.rows[0]!.id).toBe('n4999');
  expect(list.rows).toHaveLength(MAX_ROWS);
});
