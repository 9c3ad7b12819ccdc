import { expect, test } from 'vitest';
import type { RowsPage } from '../../../src/xray/api/page-types.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { Scope } from '../../fakes/scope.ts';

const scope = new Scope();

test('GET /api/traces?sort= orders all that match, page by page, and totals say of how many', async () => {
  const local = await LocalXRay.start();
  scope.add(() => local.stop());
  const ids: string[] = [];
  for (const seconds of [3, 1, 5, 2, 4]) ids.push(await local.putTrace({ end_time: local.now + seconds, user: seconds > 2 ? 'slow' : 'quick' }));
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
  for (const query of ['sort=size', 'sort=-', 'totals=yes', 'sort=name&after=x', 'sort=name&after=1:1', 'sort=name&after=1:1:{}']) {
    const answer = await fetch(`${local.daemon.tcpUrl}/api/traces?${query}`);
    expect([query, answer.status]).toEqual([query, 400]);
  }
});
