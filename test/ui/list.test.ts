import './browser-globals.ts';
import fc from '../fakes/fast-check.ts';
import { afterEach, expect, test, vi } from 'vitest';
import { lengthOf, type TraceRow } from '../../src/api/page-types.ts';
import { shownTimes as timesOf, type TimeChoice } from '../../src/trace/shown-times.ts';
import { binsOf, scaleOf } from '../../ui/src/traces/chart-scale.ts';
import { sorted, sortOf } from '../../ui/src/traces/order.ts';
import { RowList } from '../../ui/src/traces/row-list.ts';
import { windowOf } from '../../ui/src/traces/window.ts';
import { traceRow as row } from './trace-row.ts';

afterEach(() => vi.unstubAllGlobals());

const shownTimes = (rows: readonly TraceRow[], choice: TimeChoice) =>
  timesOf(
    rows.map(({ start }) => start),
    choice,
  );

/** The store does not say how many match. */
const noTotals = (): Response => new Response(JSON.stringify({ rows: [], next: null }));

/** A list whose store has `pages`. */
async function listOf(...pages: TraceRow[][]): Promise<RowList> {
  const list = new RowList();
  vi.stubGlobal('fetch', async (path: string) => {
    const at = Number(new URL(path, 'http://x').searchParams.get('after') ?? 0);
    return new Response(JSON.stringify({ rows: pages[at] ?? [], next: at + 1 < pages.length ? String(at + 1) : null }));
  });
  list.show({ filter: '', text: '' });
  await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
  return list;
}

const ids = (list: RowList): string[] => list.rows.map(({ id }) => id);

test('loads pages one after the other, newest first', async () => {
  expect(ids(await listOf([row('c', 3), row('b', 2)], [row('a', 1)]))).toEqual(['c', 'b', 'a']);
});

test('updates changed traces in place, and inserts new ones in order', async () => {
  const list = await listOf([row('b', 2), row('a', 1)]);
  list.apply([row('c', 1.5), row('a', 1, { spans: 9, revision: 2 })], []);
  expect(ids(list)).toEqual(['b', 'c', 'a']);
  expect(list.get('a')?.spans).toBe(9);
  // A segment that began earlier has come.
  list.apply([row('b', 0.5, { revision: 2 })], []);
  expect(ids(list)).toEqual(['c', 'a', 'b']);
});

test('lists each trace once, in its latest version and place, whatever arrives together', async () => {
  const changes = fc.array(
    fc.array(fc.record({ id: fc.nat({ max: 30 }), start: fc.nat({ max: 10 }) }), { maxLength: 12 }),
    { maxLength: 12 },
  );
  const list = await listOf([]);
  let revision = 1;
  fc.assert(
    fc.property(changes, (messages) => {
      const known = new Map<string, TraceRow>();
      for (const message of messages) {
        revision++;
        const rows = message.map(({ id, start }) => row(`t${id}`, start, { revision }));
        for (const each of rows) known.set(each.id, each);
        list.apply(rows, []);
      }
      const expected = [...known.values()].toSorted((a, b) => b.start - a.start || (a.id < b.id ? -1 : 1));
      expect(list.rows).toEqual(expected);
      list.apply([], [...known.keys()]);
      expect(list.rows).toEqual([]);
    }),
  );
});

test('while held, new traces wait and none disappear; afterwards everything is applied', async () => {
  const list = await listOf([row('b', 2), row('a', 1)]);
  list.hold(true);
  list.apply([row('c', 3), row('d', 4)], ['a']);
  expect(ids(list)).toEqual(['b', 'a']);
  expect(list.waiting.value).toBe(2);
  list.apply([], ['c']);
  expect(list.waiting.value).toBe(1);
  list.hold(false);
  expect(ids(list)).toEqual(['d', 'b', 'a']);
});

test('lists a trace once that changed before its page arrived', async () => {
  const list = new RowList();
  vi.stubGlobal('fetch', async (path: string) => {
    const isFirst = !new URL(path, 'http://x').searchParams.has('after');
    // The stream is faster than the second page.
    if (!isFirst) list.apply([row('a', 1, { spans: 9, revision: 2 }), row('c', 3)], []);
    return new Response(JSON.stringify({ rows: isFirst ? [row('b', 2)] : [row('a', 1)], next: isFirst ? '1' : null }));
  });
  list.hold(true);
  list.show({ filter: '', text: '' });
  await vi.waitFor(() => expect(list.isComplete.value).toBe(true));
  expect(ids(list)).toEqual(['b', 'a']);
  expect(list.get('a')?.spans).toBe(9);
  expect(list.waiting.value).toBe(1);
  list.hold(false);
  expect(ids(list)).toEqual(['c', 'b', 'a']);
});

test('another query replaces the held traces', async () => {
  const list = await listOf([row('b', 2), row('a', 1)]);
  list.hold(true);
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify({ rows: [row('z', 9)], next: null })));
  list.show({ filter: 'fault', text: '' });
  await vi.waitFor(() => expect(ids(list)).toEqual(['z']));
});

test('after missed changes, keeps the list until everything is read, then removes deleted traces', async () => {
  const list = await listOf([row('c', 3), row('b', 2), row('a', 1)]);
  const pages = [[row('d', 4), row('c', 3, { spans: 7, revision: 2 })], [row('a', 1)]];
  const sizes: number[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    if (path.includes('totals')) return noTotals();
    sizes.push(list.rows.length);
    const at = Number(new URL(path, 'http://x').searchParams.get('after') ?? 0);
    // A trace that comes meanwhile is not among the pages.
    if (at === 1) list.apply([row('e', 5)], []);
    return new Response(JSON.stringify({ rows: pages[at], next: at === 0 ? '1' : null }));
  });
  list.resync();
  await vi.waitFor(() => expect(ids(list)).toEqual(['e', 'd', 'c', 'a']), { timeout: 10_000 });
  expect(sizes).toEqual([3, 4]);
  expect(list.get('c')?.spans).toBe(7);
});

test('removes traces that no longer match, and notifies listeners of every change', async () => {
  const list = await listOf([row('b', 2), row('a', 1)]);
  const told: string[] = [];
  list.onChanged.add((changed) => void told.push(...(changed ?? [])));
  list.apply([row('b', 2, { revision: 2 })], ['a', 'x']);
  expect(ids(list)).toEqual(['b']);
  expect(told).toEqual(['b', 'a', 'x']);
});

test('forgets traces that are out of the time range, for good', async () => {
  const list = await listOf([row('c', 30), row('b', 20), row('a', 10)]);
  list.forgetBefore(15);
  list.apply([row('a', 10, { revision: 2 })], []);
  expect(ids(list)).toEqual(['c', 'b']);
});

test('reports a refused filter', async () => {
  const list = new RowList();
  vi.stubGlobal('fetch', async () => new Response('{"Message": "Group not found"}', { status: 400 }));
  list.show({ filter: 'group.name = "x"', text: '' });
  await vi.waitFor(() => expect(list.state.value).toBe('failed'));
  expect(list.problem.value).toBe('Group not found');
});

test('sorts by any column, and keeps the order of arrival among equals', () => {
  const rows = [
    row('c', 3, { duration: 1 }),
    row('b', 2, { duration: null }),
    row('a', 1, { duration: 2, outcome: 'fault', status: 500 }),
  ];
  expect(sorted(rows, sortOf('')).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  expect(sorted(rows, sortOf('start')).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(sorted(rows, sortOf('-duration')).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
  expect(sorted(rows, sortOf('-status')).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
  expect(sortOf('nonsense')).toEqual({ key: 'start', isDescending: true });
});

test('renders only visible rows', () => {
  expect(windowOf({ top: 0, height: 280, rowHeight: 28, rows: 100_000 })).toEqual({ first: 0, last: 20 });
  expect(windowOf({ top: 28_000, height: 280, rowHeight: 28, rows: 100_000 })).toEqual({ first: 990, last: 1_020 });
  expect(windowOf({ top: 28_000, height: 280, rowHeight: 28, rows: 5 })).toEqual({ first: 0, last: 5 });
});

test('shows and sorts a running trace by how long it has been running', () => {
  const rows = [
    row('d', 95, { duration: 0.2, outcome: 'live', isOpen: true }),
    row('c', 90, { duration: 7 }),
    row('b', 80, { duration: null, outcome: 'fault', isOpen: true }),
    row('a', 70, { duration: 2 }),
  ];
  expect(rows.map((each) => lengthOf(each, 100))).toEqual([5, 7, 20, 2]);
  expect(sorted(rows, sortOf('-duration'), 100).map(({ id }) => id)).toEqual(['b', 'c', 'd', 'a']);
  // Of a clock that is ahead.
  expect(lengthOf(row('e', 200, { isOpen: true }), 100)).toBe(0);
});

const pad = { top: 12, bottom: 18, left: 62, right: 14 };
const scaled = (rows: readonly TraceRow[]) =>
  scaleOf(rows, { times: shownTimes(rows, { isAll: true, now: 1e9 }), now: 1e9, width: 1_000, height: 124, pad });

test('scales convert in both directions', () => {
  const rows = [row('a', 100, { duration: 0.004 }), row('b', 700, { duration: 12 })];
  const scale = scaled(rows);
  expect(scale.timeAt(scale.x(300))).toBeCloseTo(300, 6);
  expect(scale.durationAt(scale.y(0.25))).toBeCloseTo(0.25, 6);
  expect(scale.durationTicks.map(({ seconds }) => seconds)).toEqual([0.01, 0.1, 1, 10]);
  expect(scale.timeTicks.map(({ time }) => time)).toEqual([100, 400, 700]);
  const { bins, secondsAt } = binsOf(rows, 200);
  expect([bins[0]!.total, bins.at(-1)!.total]).toEqual([1, 1]);
  expect([secondsAt(0), secondsAt(200)].map((seconds) => Number(seconds.toPrecision(3)))).toEqual([0.004, 12]);
});

test('similar durations have more than one tick, too', () => {
  const near = scaled([row('a', 100, { duration: 0.2 }), row('b', 700, { duration: 0.264 })]).durationTicks;
  expect(near.map(({ seconds }) => seconds)).toEqual([0.05, 0.1, 0.2]);
});

test('ticks of durations never overlap, however far they are apart', () => {
  const seconds = fc.double({ min: 0, max: 1e7, noNaN: true });
  fc.assert(
    fc.property(seconds, seconds, (a, b) => {
      const ticks = scaled([row('a', 1, { duration: a }), row('b', 2, { duration: b })]).durationTicks;
      for (let i = 1; i < ticks.length; i++) expect(ticks[i - 1]!.y - ticks[i]!.y).toBeGreaterThanOrEqual(15);
    }),
  );
});

test('the chart covers the last hour with traces, and reports what it omits', () => {
  const now = 1_000_000;
  const starts = [now + 86_400, now - 10, now - 600, now - 3_500, now - 7_200, now - 300_000];
  const rows = starts.map((start, i) => row(`t${i}`, start));
  expect(shownTimes(rows, { isAll: false, now })).toEqual({
    from: now - 3_500,
    to: now - 10,
    older: 2,
    newer: 1,
    isFuture: true,
  });
  expect(shownTimes(rows, { isAll: true, now })).toMatchObject({
    from: now - 300_000,
    to: now + 86_400,
    older: 0,
    newer: 0,
  });
  // A range that was chosen is the scale; what only has a beginning still is not spoiled by the future.
  expect(shownTimes(rows, { isAll: false, now, from: now - 900, to: now })).toMatchObject({
    from: now - 900,
    to: now,
    older: 0,
    newer: 0,
  });
  expect(shownTimes(rows.slice(0, 5), { isAll: false, now, from: now - 21_600 })).toMatchObject({
    from: now - 7_200,
    to: now - 10,
    older: 0,
    newer: 1,
  });
  // Nothing but the future is a range, too.
  expect(shownTimes(rows.slice(0, 1), { isAll: false, now })).toMatchObject({
    from: now + 86_400,
    to: now + 86_400,
    newer: 0,
  });
});
