import { join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { expect, test } from 'vitest';
import { KnownDocuments } from '../../src/store/known-documents.ts';
import { BYTES_A_TRACE, documentRows } from '../../src/store/schema.ts';
import { StoreBusyError, StoreThread } from '../../src/threads/store-thread.ts';
import { ReadBudget, TooMuchError } from '../../src/query/read-budget.ts';
import { traceMembers } from '../../src/query/documents.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson, START } from '../fakes/traces.ts';
import { fullCollector } from '../../src/pipeline/collector.ts';
import { openStore, putTexts } from '../fakes/store.ts';

const scope = new Scope();
const TRACE = `1-${START.toString(16)}-000000000000000000000001`;
const OTHER = `1-${START.toString(16)}-000000000000000000000002`;

const text = (i: number, members: object = {}): string =>
  JSON.stringify({ ...segmentJson('web', { trace_id: TRACE, ...members }), id: i.toString(16).padStart(16, '0') });

test('accepts documents up to the limit of a trace, and refuses later ones by position', () => {
  const { writer, reader } = openStore(scope);
  const large = { metadata: { text: 'x'.repeat(1_000_000) } };
  for (let i = 0; i < 8; i++) expect(putTexts(writer, [text(i, large)], START).refused).toEqual([]);
  const refused = putTexts(writer, [text(8, large), text(9), text(10, { trace_id: OTHER })], START);
  expect(refused).toEqual({
    refused: [
      {
        id: '0000000000000009',
        code: 'TraceLimitExceeded',
        message: 'The trace has reached the limit of the local X-Ray',
        traceId: TRACE,
        position: 1,
      },
    ],
    changed: [TRACE, OTHER],
  });
  expect(putTexts(writer, [text(11)], START)).toMatchObject({
    refused: [{ position: 0, code: 'TraceLimitExceeded' }],
    changed: [],
  });
  expect(reader.trace(TRACE)!.trace.bytes).toBeGreaterThanOrEqual(BYTES_A_TRACE);
  expect(reader.originals(TRACE)).toHaveLength(9);
});

test('limits a segment that is reported in progress again and again, too', () => {
  const { writer, reader } = openStore(scope);
  const { end_time: _, ...open_ } = JSON.parse(text(1, { metadata: { text: 'x'.repeat(1_000_000) } })) as Record<
    string,
    unknown
  >;
  const report = JSON.stringify({ ...open_, in_progress: true });
  const refusals = Array.from({ length: 20 }, () => putTexts(writer, [report], START).refused.length);
  expect(refusals.filter((count) => count === 1).length).toBeGreaterThan(5);
  expect(reader.originals(TRACE)).toHaveLength(1);
});

test('reads the documents of a large trace once, however many more arrive', () => {
  const { database, writer } = openStore(scope);
  putTexts(
    writer,
    Array.from({ length: 100 }, (_, i) => text(i)),
    START,
  );
  const known = new KnownDocuments(database);
  const documents = known.of(1);
  expect(documents.size).toBe(100);
  known.keep(1, documents);
  // Whoever read the table now would find nothing.
  const { first, last } = documentRows(1);
  database.prepare('DELETE FROM document WHERE row >= ? AND row < ?').run(first, last);
  known.keep(1, known.of(1));
  expect(known.of(1).size).toBe(100);
  known.keep(1, documents);
  known.forget();
  expect(known.of(1).size).toBe(0);
});

test('limits the cache of large traces, and keeps the most recently used one', () => {
  const { database } = openStore(scope);
  const known = new KnownDocuments(database);
  const entries = (count: number) =>
    new Map(Array.from({ length: count }, (_, i) => [String(i), { row: i, isInProgress: false }]));
  for (let trace = 1; trace <= 10; trace++) known.keep(trace, entries(10_000));
  const sizes = Array.from({ length: 10 }, (_, i) => known.of(i + 1).size);
  expect(sizes).toEqual([0, 0, 0, 0, 10_000, 10_000, 10_000, 10_000, 10_000, 10_000]);
});

test('indexes a limited number of annotation names per document and in total', () => {
  const { database, writer } = openStore(scope);
  const annotations = (from: number, count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key_${from + i}`, 1] as const));
  const fields = (): number =>
    Number(database.prepare("SELECT count(*) AS count FROM field WHERE name LIKE 'annotation.%'").get()!['count']);
  putTexts(writer, [text(1, { annotations: { ...annotations(0, 1_000), ['x'.repeat(501)]: 1 } })], START);
  expect(fields()).toBe(500);
  for (let i = 2; i < 120; i++) putTexts(writer, [text(i, { annotations: annotations(i * 1_000, 500) })], START);
  expect(fields()).toBeGreaterThan(49_000);
  expect(fields()).toBeLessThanOrEqual(50_000);
});

test('an answer with many large traces stops when it is large enough, and reports the rest', async () => {
  const file = join(scope.folder(), 'threads.db');
  const config = { file, isTemporary: true, maxBytes: 1e9, cacheBytes: 32e6, maxAnswerBytes: 8 * 1024 * 1024 };
  const writer = await StoreThread.start({ ...config, role: 'writer' });
  scope.add(() => writer.close());
  const reader = await StoreThread.start({ ...config, role: 'reader' });
  scope.add(() => reader.close());
  const ids = Array.from({ length: 5 }, (_, i) => `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}`);
  for (const [i, trace_id] of ids.entries()) {
    const bytes = new TextEncoder().encode(text(i, { trace_id, metadata: { text: 'x'.repeat(4_000_000) } }));
    await writer.call('put', { format: 'xray', bytes, ends: Uint32Array.of(bytes.length), receivedAt: START });
  }
  const traces = await reader.call('traces', { ids });
  expect([traces.json.length > 8_000_000, traces.json.length < 17_000_000, traces.left]).toEqual([
    true,
    true,
    ids.slice(3),
  ]);
  const { lines, done } = await reader.call('summariesOf', { ids, filter: undefined });
  expect([lines.length, done]).toEqual([3, 3]);
  const range = { type: 'TraceId', start: 0, end: 1e12 } as const;
  const page = await reader.call('summaries', { range, filter: undefined, rate: 1, after: undefined, limit: 100 });
  expect((JSON.parse(page.json) as { TraceSummaries: object[] }).TraceSummaries).toHaveLength(3);
  expect(page.next).toBeDefined();
});

test('refuses more queries than may wait, and answers those that wait', async () => {
  const file = join(scope.folder(), 'busy.db');
  const config = { file, isTemporary: true, maxBytes: 1e9, cacheBytes: 32e6, maxAnswerBytes: 8 * 1024 * 1024 };
  const writer = await StoreThread.start({ ...config, role: 'writer' });
  scope.add(() => writer.close());
  const reader = await StoreThread.start({ ...config, role: 'reader' });
  scope.add(() => reader.close());
  const settled = await Promise.allSettled(Array.from({ length: 200 }, () => reader.call('size', {})));
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(128);
  expect(settled.findLast(({ status }) => status === 'rejected')).toMatchObject({
    reason: expect.any(StoreBusyError) as unknown,
  });
});

test('reads part of a trace with millions of values, and says so; reads a trace with long texts completely', () => {
  const { writer, reader } = openStore(scope);
  const lists = Array.from({ length: 15_000 }, () => []);
  for (let i = 0; i < 100; i++) putTexts(writer, [text(i, { metadata: { lists } })], START);
  const dense = reader.trace(TRACE)!;
  expect(dense.trace.segments.length).toBeGreaterThan(20);
  expect(dense.trace.segments.length).toBeLessThan(30);
  expect(traceMembers(dense)).toMatchObject({ LimitExceeded: true });
  expect(reader.originals(TRACE)).toHaveLength(100);
  for (let i = 0; i < 100; i++)
    putTexts(writer, [text(i, { trace_id: OTHER, metadata: { text: 'a, '.repeat(15_000) } })], START);
  expect(reader.trace(OTHER)!.trace.segments).toHaveLength(100);
});

test('reads a trace as far as limited memory allows, and does not pass on a partial one', () => {
  const collect = fullCollector();
  const heap = (): number => getHeapStatistics().used_heap_size;
  collect();
  // The process of the tests holds more than a reading thread, so what it holds already does not count.
  const before = heap();
  const used = (): number => heap() - before;
  const { writer, reader } = openStore(scope, {
    budget: new ReadBudget({ maxAnswerBytes: 2e6, memoryLimitBytes: 128e6 }, { collect, used }),
  });
  for (let i = 0; i < 6; i++) putTexts(writer, [text(i, { metadata: { text: 'x'.repeat(900_000) } })], START);
  expect(traceMembers(reader.trace(TRACE)!)).toMatchObject({ LimitExceeded: true });
  expect(reader.trace(TRACE)!.trace.segments).toHaveLength(2);
  expect(reader.readableOriginals(TRACE)).toHaveLength(2);
  expect(() => reader.originals(TRACE)).toThrow(TooMuchError);
  expect(() => reader.documents(TRACE)).toThrow(TooMuchError);
  putTexts(writer, [text(7, { trace_id: OTHER, metadata: { text: 'x'.repeat(3_000_000) } })], START);
  expect(reader.trace(OTHER)!.trace.segments).toHaveLength(1);
});
