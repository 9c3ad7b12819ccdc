import { expect, test } from 'vitest';
import type { RowsPage } from '../../../src/api/page-types.ts';
import { sharedLocal } from '../../fakes/shared-local.ts';

const local = await sharedLocal();

async function idsOf(query: Record<string, string>): Promise<string[]> {
  const answer = await fetch(`${local.daemon.tcpUrl}/api/traces?${new URLSearchParams(query).toString()}`);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as RowsPage).rows.map(({ id }) => id);
}

test('GET /api/traces?text= finds traces by words, with an expression and a time range, page by page', async () => {
  const acme = await local.putTrace({ user: 'user-7731', annotations: { tenant: 'acme' } });
  const other = await local.putTrace({ user: 'user-8', annotations: { tenant: 'globex' }, fault: true });
  expect(await idsOf({ text: 'tenant=acme' })).toEqual([acme]);
  expect(await idsOf({ text: 'USER-7731 getitem' })).toEqual([acme]);
  expect(await idsOf({ text: 'orders' })).toEqual([other, acme]);
  expect(await idsOf({ text: 'orders', filter: 'fault' })).toEqual([other]);
  expect(await idsOf({ text: 'acme', filter: 'annotation.tenant = "globex"' })).toEqual([]);
  expect(await idsOf({ text: 'orders', to: String(local.now - 60) })).toEqual([]);
  const page = (await (await fetch(`${local.daemon.tcpUrl}/api/traces?text=orders&limit=1`)).json()) as RowsPage;
  expect(page.rows.map(({ id }) => id)).toEqual([other]);
  expect(await idsOf({ text: 'orders', limit: '1', after: page.next! })).toEqual([acme]);
});

test('treats operators of the index’s own language as text', async () => {
  const id = await local.putTrace({ annotations: { note: 'a "quoted" AND (b) OR c:d* NEAR/2 -e ^f 🚀 x\0y' } });
  for (const text of [
    '"quoted"',
    'AND',
    '(b)',
    'c:d*',
    'NEAR/2',
    '-e',
    '^f',
    '🚀',
    '*',
    '"',
    'x\0y',
    'quoted" AND (b)',
  ]) {
    expect([text, await idsOf({ text })]).toEqual([text, [id]]);
  }
  for (const text of [
    'NEAR(a b)',
    '"a b"',
    'body:quoted',
    'quot* OR z',
    '\ud800',
    "'; DROP TABLE trace; --",
    '%',
    '{"',
    '\\',
  ]) {
    expect([text, await idsOf({ text })]).toEqual([text, []]);
  }
});

test('accepts very many words', async () => {
  const id = await local.putTrace();
  expect(await idsOf({ text: 'web orders '.repeat(600) })).toEqual([id]);
  expect(await idsOf({ text: Array.from({ length: 1_500 }, (_, i) => `w${i}`).join(' ') })).toEqual([]);
  const answer = await fetch(`${local.daemon.tcpUrl}/api/traces?text=${'a+'.repeat(100_000)}`);
  expect(answer.status).toBe(431);
});

test('/traces.ndjson and /events accept words too', async () => {
  await local.putTrace({ user: 'user-1' });
  const id = await local.putTrace({ user: 'user-2' });
  const lines = (await (await fetch(`${local.daemon.tcpUrl}/traces.ndjson?text=user-2`)).text()).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { Id: string }).Id)).toEqual([id]);
  const graph = (await (await fetch(`${local.daemon.tcpUrl}/api/graph?text=nothing-has-this`)).json()) as {
    Services: object[];
  };
  expect(graph.Services).toEqual([]);
});
