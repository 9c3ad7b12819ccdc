import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findInsights, type Insight } from '../../src/query/insights.ts';
import { Reader } from '../../src/store/reader.ts';
import { openToRead, openToWrite } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import { Scope } from '../fakes/scope.ts';
import { call, segmentJson } from '../fakes/traces.ts';
import { putTexts } from '../fakes/store.ts';

const scope = new Scope();
/** A whole minute. */
const T = 1_790_000_040;
let traces = 0;

interface Minute {
  readonly at: number;
  readonly requests: number;
  readonly faults: number;
}

/** Requests to web, which calls orders; the faults are those of orders, and web passes them on. */
async function insightsOf(minutes: readonly Minute[], { now = T + 3_600, start = T - 7_200 } = {}): Promise<Insight[]> {
  const file = join(scope.folder(), 'traces.db');
  const writer = new Writer(openToWrite({ file, isTemporary: true }), { maxBytes: 1e9 });
  for (const { at, requests, faults } of minutes) {
    const documents = Array.from({ length: requests }, (_, i) => {
      const fault = i < faults;
      const trace_id = `1-6ab3b3f3-${(++traces).toString(16).padStart(24, '0')}`;
      const orders = call('orders', { fault });
      return [
        segmentJson('web', { trace_id, fault, subsegments: [orders] }),
        segmentJson('orders', { trace_id, fault, parent_id: orders.id }),
      ];
    });
    putTexts(
      writer,
      documents.flat().map((document) => JSON.stringify(document)),
      T + at * 60 + 1,
    );
  }
  const reader = new Reader(openToRead(file));
  scope.add(() => reader.close());
  scope.add(() => writer.close());
  return findInsights(reader, { start, end: T + 7_200, now, filter: undefined });
}

test('a service that fails more than usual is the root cause, and its callers are affected', async () => {
  const minutes = [
    { at: -10, requests: 20, faults: 0 },
    { at: 0, requests: 20, faults: 10 },
    { at: 2, requests: 10, faults: 6 },
  ];
  const insights = await insightsOf(minutes);
  expect(insights).toHaveLength(1);
  expect(insights[0]).toMatchObject({
    service: { name: 'orders' },
    start: T,
    end: T + 180,
    requests: { total: 30, faults: 16 },
    client: { total: 30, faults: 16 },
    affected: [{ name: 'web' }, { name: 'orders' }],
    events: [{ at: T, service: { total: 20, faults: 10 } }, { at: T + 120 }],
  });
});

test.each<[string, Minute[], number]>([
  ['four faults are too few', [{ at: 0, requests: 8, faults: 4 }], 0],
  ['five of a hundred are too small a share', [{ at: 0, requests: 100, faults: 5 }], 0],
  ['without a history five faults are enough', [{ at: 0, requests: 10, faults: 5 }], 1],
  [
    'what always fails as often is no news',
    [
      { at: -5, requests: 40, faults: 4 },
      { at: 0, requests: 40, faults: 8 },
    ],
    0,
  ],
  [
    'minutes far apart are two',
    [
      { at: -90, requests: 10, faults: 10 },
      { at: 0, requests: 10, faults: 5 },
    ],
    2,
  ],
])('%s', async (_, minutes, count) => {
  expect(await insightsOf(minutes)).toHaveLength(count);
});

test('stays active for five quiet minutes, and is then closed', async () => {
  const minutes = [{ at: 0, requests: 10, faults: 10 }];
  expect((await insightsOf(minutes, { now: T + 350 }))[0]!.end).toBeUndefined();
  expect((await insightsOf(minutes, { now: T + 360 }))[0]!.end).toBe(T + 60);
});

test('excludes insights that ended before the range', async () => {
  expect(await insightsOf([{ at: 0, requests: 10, faults: 10 }], { start: T + 600 })).toEqual([]);
});

/** A trace of one request, in which `count` services of different names are called; each fails. */
function failedCalls(count: number): string {
  const trace_id = `1-6ab3b3f3-${(++traces).toString(16).padStart(24, '0')}`;
  const subsegments = Array.from({ length: count }, () => call(`remote-${++traces}`, { fault: true }));
  return JSON.stringify(segmentJson('web', { trace_id, fault: true, subsegments }));
}

async function insightsOfCalls(requests: readonly number[], maxMinutes?: number): Promise<Insight[]> {
  const file = join(scope.folder(), 'traces.db');
  const writer = new Writer(openToWrite({ file, isTemporary: true }), { maxBytes: 1e9 });
  for (const count of requests) putTexts(writer, [failedCalls(count)], T + 1);
  const reader = new Reader(openToRead(file));
  scope.add(() => reader.close());
  scope.add(() => writer.close());
  return findInsights(reader, { start: T - 7_200, end: T + 7_200, now: T + 3_600, filter: undefined }, maxMinutes);
}

test('does not count every pair of thousands of services that fail together', async () => {
  expect(await insightsOfCalls([5_000, 5_000])).toEqual([]);
});

test('refuses an answer about too many services, with a remedy', async () => {
  await expect(insightsOfCalls([500, 500, 500], 1_000)).rejects.toThrow(
    /more than 1000 services and minutes in it\. Ask for a shorter time/,
  );
});
