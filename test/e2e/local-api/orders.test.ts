import { expect, test } from 'vitest';
import type { Overview, RowsPage, RowsWindow, TraceRow } from '../../../src/api/page-types.ts';
import { sharedLocal } from '../../fakes/shared-local.ts';

const local = await sharedLocal();

test('GET /api/traces?sort= sorts all matches, page by page, and totals has their number', async () => {
  const ids: string[] = [];
  for (const seconds of [3, 1, 5, 2, 4])
    ids.push(await local.putTrace({ end_time: local.now + seconds, user: seconds > 2 ? 'slow' : 'quick' }));
  const read = async (query: string): Promise<RowsPage> => {
    const answer = await fetch(`${local.daemon.tcpUrl}/api/traces?${query}`);
    expect([query, answer.status]).toEqual([query, 200]);
    return (await answer.json()) as RowsPage;
  };
  const pages = async (query: string): Promise<(number | null)[]> => {
    const found: (number | null)[] = [];
    let next: string | null = '';
    do {
      const page: RowsPage = await read(`${query}&limit=2&after=${encodeURIComponent(next)}`);
      found.push(...page.rows.map(({ duration }) => Math.round(duration!)));
      next = page.next;
    } while (next !== null);
    return found;
  };
  expect(await pages('sort=-duration')).toEqual([5, 4, 3, 2, 1]);
  expect(await pages('sort=duration')).toEqual([1, 2, 3, 4, 5]);
  expect(await pages('sort=-duration&text=slow')).toEqual([5, 4, 3]);
  expect(await pages('sort=duration&filter=user%20%3D%20%22quick%22')).toEqual([1, 2]);
  const { rows, totals } = await read('text=slow&totals=true&limit=1');
  expect(rows).toHaveLength(1);
  expect(totals).toMatchObject({ traces: 3, isExact: true });
  expect(totals!.longest).toBeCloseTo(5);
  expect((await read('limit=1')).totals).toBeUndefined();
  for (const query of [
    'sort=size',
    'sort=-',
    'totals=yes',
    'sort=name&after=x',
    'sort=name&after=1:1',
    'sort=name&after=1:1:{}',
  ]) {
    const answer = await fetch(`${local.daemon.tcpUrl}/api/traces?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
  }
});

test('GET /api/window returns any part of an order, which stays fixed while traces come and go, and the position of a trace', async () => {
  const ids: string[] = [];
  const put = async (seconds: number): Promise<void> => {
    ids.push(await local.putTrace({ end_time: local.now + seconds, user: seconds > 2 ? 'slow' : 'quick' }));
  };
  for (const seconds of [3, 1, 5, 2, 4]) await put(seconds);
  const read = async (query: string): Promise<RowsWindow> => {
    const answer = await fetch(`${local.daemon.tcpUrl}/api/window?${query}`);
    expect([query, answer.status]).toEqual([query, 200]);
    return (await answer.json()) as RowsWindow;
  };
  const lengths = ({ rows }: RowsWindow): (number | undefined)[] =>
    rows.map((row) => (row === null ? undefined : Math.round(row.duration!)));
  const first = await read('sort=-duration&limit=2');
  expect([lengths(first), first.traces, first.found]).toEqual([[5, 4], 5, null]);
  await put(9);
  const second = await read(`sort=-duration&skip=2&limit=5&ranking=${first.ranking}&find=${ids[3]!}`);
  expect([lengths(second), second.ranking, second.traces, second.found]).toEqual([[3, 2, 1], first.ranking, 5, 3]);
  const anew = await read(`sort=-duration&skip=4&limit=5&ranking=unknown&find=${ids[5]!}`);
  expect([lengths(anew), anew.traces, anew.found]).toEqual([[2, 1], 6, 0]);
  expect(anew.ranking).not.toBe(first.ranking);
  expect(lengths(await read('limit=1'))).toHaveLength(1);
  expect(lengths(await read('sort=duration&filter=user%20%3D%20%22slow%22'))).toEqual([3, 4, 5, 9]);
  expect(lengths(await read('sort=-spans&text=quick&skip=1'))).toHaveLength(1);
  expect(await read('skip=100')).toMatchObject({ rows: [], traces: 6 });
  const { ranking } = await read('sort=name');
  await local.clear();
  expect(lengths(await read(`sort=name&ranking=${ranking}`))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const query of ['sort=size', 'skip=-1', 'skip=0.5', 'skip=x', 'limit=0']) {
    const answer = await fetch(`${local.daemon.tcpUrl}/api/window?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
  }
});

test('GET /api/overview counts all matches for charts, and each of its points leads to a trace', async () => {
  for (const seconds of [3, 1, 5, 2, 4])
    await local.putTrace({ end_time: local.now + seconds, user: seconds > 2 ? 'slow' : 'quick', fault: seconds === 5 });
  const open = await local.putTrace({ end_time: undefined, in_progress: true });
  const get = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${local.daemon.tcpUrl}${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  };
  const all = await get<Overview>('/api/overview');
  expect(all).toMatchObject({ traces: 6, isExact: true, outcomes: [4, 1, 0, 0, 1], times: { older: 0, newer: 0 } });
  expect(all.longest).toBeCloseTo(5);
  const sum = (counts: readonly number[]): number => counts.reduce((before, each) => before + each, 0);
  expect([sum(all.points.counts), sum(all.points.open), sum(all.lengths.counts)]).toEqual([6, 1, 5]);
  const running = await get<TraceRow>(`/api/row?row=${all.points.rows[all.points.open.indexOf(1)]!}`);
  expect(running).toMatchObject({ id: open, isOpen: true });
  expect(await get('/api/row?row=12345')).toBe(null);
  const slow = await get<Overview>('/api/overview?text=slow&all=true');
  expect(slow).toMatchObject({ traces: 3, isExact: true, outcomes: [2, 0, 0, 0, 1] });
  expect(sum(slow.lengths.counts)).toBe(3);
  expect(await get('/api/overview?from=0&to=5')).toMatchObject({ traces: 0, longest: null, points: { starts: [] } });
  for (const query of ['all=perhaps', 'from=x'])
    expect((await fetch(`${local.daemon.tcpUrl}/api/overview?${query}`)).status).toBe(400);
});
