import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { SEGMENT_OVERHEAD_BYTES } from '../../src/batcher/segment-queue.ts';
import { monotonicMs } from '../../src/pipeline/clock.ts';
import type { ExportResult } from '../../src/pipeline/exporter.ts';
import { type ManualExporter, textsOf } from '../fakes/exporter.ts';
import { Scope } from '../fakes/scope.ts';
import { numberedDocuments as numbered } from '../fakes/segments.ts';
import { lifeOf } from './life.ts';

const scope = new Scope();
const away = (): ExportResult => ({ kind: 'retry', code: 'http_503' });
const taken = (): ExportResult => ({ kind: 'sent' });

const life = lifeOf.bind(undefined, scope);

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((name) => name.endsWith('.batch'));

test('keeps what could not be sent before shutdown, and sends it after a restart', async () => {
  const folder = scope.folder();
  const first = await life(folder);
  first.exporter.answer = away;
  first.push(numbered(120));
  await first.stop();
  expect(first.accounting.snapshot()).toMatchObject({
    received: 120,
    buffered: 0,
    inFlight: 0,
    spooled: 120,
    dropped: { shutdown: 0 },
  });
  first.expectBalanced();
  const second = await life(folder);
  second.exporter.answer = taken;
  await second.start();
  await second.settled(0);
  expect(second.delivered().toSorted()).toEqual(numbered(120).toSorted());
  expect(second.accounting.snapshot()).toMatchObject({ restored: 120, sent: 120 });
  await expect.poll(() => filesIn(folder)).toEqual([]);
});

test('keeps segments of a call that hangs at the deadline too', async () => {
  const folder = scope.folder();
  const { push, stop, exporter, accounting } = await life(folder);
  push(numbered(50));
  expect(exporter.calls).toHaveLength(1);
  await stop(AbortSignal.timeout(50));
  expect(accounting.snapshot()).toMatchObject({ spooled: 50, dropped: { shutdown: 0 } });
});

test('an outage that exceeds memory loses nothing while the disk has space', async () => {
  const folder = scope.folder();
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, exporter, accounting, settled, delivered, expectBalanced, batcher } = await life(folder, {
    maxBytes: 200 * each,
  });
  exporter.answer = away;
  const all = numbered(1_000).map((document) => document.padEnd(1_000, '.'));
  for (let at = 0; at < all.length; at += 10) {
    push(all.slice(at, at + 10));
    expectBalanced();
    expect(batcher.read().bufferedBytes).toBeLessThanOrEqual(200 * each);
    // The disk keeps up with what arrives.
    await expect.poll(() => batcher.read().bufferedBytes, { interval: 1 }).toBeLessThanOrEqual(180 * each);
  }
  expect(accounting.snapshot().spooled).toBeGreaterThan(700);
  exporter.calls.length = 0;
  exporter.answer = taken;
  await settled(0);
  expect([...new Set(delivered())].toSorted()).toEqual(all.toSorted());
  expect(accounting).toMatchObject({ sent: 1_000, dropped: { buffer_full: 0, spool_full: 0 } });
});

test('sends live segments before those of the spool', async () => {
  const folder = scope.folder();
  const before = await life(folder);
  before.push(numbered(200));
  await before.stop();
  const { push, exporter, start, settled } = await life(folder, { concurrency: 1 });
  await start();
  await expect.poll(() => exporter.calls.length).toBe(1);
  push(numbered(50, 1_000));
  push(numbered(50, 1_050));
  const [first] = exporter.calls;
  exporter.answer = taken;
  first!.settle({ kind: 'sent' });
  await settled(0);
  const order = exporter.calls.map(({ batch }) => textsOf(batch)[0]);
  expect(order.slice(0, 3)).toEqual(['document-0', 'document-1000', 'document-1050']);
  expect(order.slice(3)).toEqual(['document-50', 'document-100', 'document-150']);
});

test('does not read the spool again and again while X-Ray is unavailable', async () => {
  const folder = scope.folder();
  const before = await life(folder);
  before.push(numbered(500));
  await before.stop();
  const { exporter, start, expectBalanced, accounting } = await life(folder);
  exporter.answer = away;
  await start();
  await new Promise((next) => setTimeout(next, 300));
  expect(exporter.calls.length).toBeLessThan(12);
  expect(accounting.snapshot().spooled + accounting.snapshot().inFlight).toBe(500);
  expectBalanced();
});

test('loses only the bad document of a spooled batch that X-Ray refuses as a whole, even if the daemon ends in between', async () => {
  const folder = scope.folder();
  const first = await life(folder);
  first.push([...numbered(20), 'poison', ...numbered(29, 20)]);
  await first.stop();
  const judge = (batch: Parameters<ManualExporter['export']>[0]): ExportResult =>
    textsOf(batch).includes('poison') ? { kind: 'rejected', code: 'InvalidRequestException' } : { kind: 'sent' };
  const second = await life(folder);
  second.exporter.answer = judge;
  await second.start();
  await expect.poll(() => second.accounting.sent).toBeGreaterThan(0);
  await second.stop();
  second.expectBalanced();
  const third = await life(folder);
  third.exporter.answer = judge;
  await third.start();
  await third.settled(0);
  expect(second.accounting.sent + third.accounting.sent).toBeGreaterThanOrEqual(49);
  const delivered = [...second.exporter.calls, ...third.exporter.calls].flatMap(({ batch }) =>
    judge(batch).kind === 'sent' ? textsOf(batch) : [],
  );
  expect([...new Set(delivered)].toSorted()).toEqual(numbered(49).toSorted());
  expect(Object.assign({}, second.accounting.unprocessed, third.accounting.unprocessed)).toEqual({
    InvalidRequestException: 1,
  });
});

test('keeps throttled documents of a spooled batch on disk until X-Ray accepts them', async () => {
  const folder = scope.folder();
  const before = await life(folder);
  before.push(numbered(50));
  await before.stop();
  const { exporter, start, accounting, settled } = await life(folder);
  const throttle = (positions: number[]): ExportResult => ({
    kind: 'partial',
    refused: positions.map((position) => ({ position, code: 'ThrottledException', isRetryable: true })),
  });
  let isThrottled = true;
  exporter.answer = (batch) => (isThrottled ? throttle(batch.length > 2 ? [3, 7] : [0, 1]) : { kind: 'sent' });
  await start();
  await expect.poll(() => accounting.snapshot()).toMatchObject({ sent: 48, spooled: 2, inFlight: 0 });
  // The new file is written before the old one is removed.
  await expect.poll(() => filesIn(folder).map((name) => basename(name).split('-')[2])).toEqual(['2']);
  isThrottled = false;
  await settled(0);
  expect(textsOf(exporter.calls.at(-1)!.batch)).toEqual(['document-3', 'document-7']);
  expect(accounting.sent).toBe(50);
});

test('writes segments that are too old for a retry to disk instead of dropping them', async () => {
  const { push, exporter, accounting } = await life(scope.folder(), { retryMaxAgeMs: 1_000 });
  exporter.answer = away;
  push(numbered(50), monotonicMs() - 5_000);
  await expect.poll(() => accounting.snapshot()).toMatchObject({ dropped: { retry_expired: 0 }, buffered: 0 });
  expect(accounting.snapshot().spooled + accounting.snapshot().inFlight).toBe(50);
});

test('with a failing disk, the oldest segments are dropped as without a spool', async () => {
  const folder = join(scope.folder(), 'spool');
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, exporter, accounting, expectBalanced, stop } = await life(folder, { maxBytes: 100 * each });
  exporter.answer = away;
  rmSync(folder, { recursive: true });
  for (let i = 0; i < 30; i++) {
    push(Array.from({ length: 10 }, () => 'x'.repeat(1_000)));
    await new Promise((next) => setTimeout(next, 1));
    expectBalanced();
  }
  expect(accounting.dropped.buffer_full).toBe(200);
  mkdirSync(folder);
  await stop();
  expect(accounting.dropped.shutdown).toBe(100);
  expectBalanced();
});

test('a spooled document that a gateway refuses for its size does not hold up later files, and is kept while nothing else succeeds', async () => {
  const folder = scope.folder();
  const before = await life(folder);
  before.exporter.answer = away;
  before.push(['large']);
  await before.stop();
  const next = await life(folder);
  next.exporter.answer = away;
  next.push(numbered(50));
  await next.stop();
  const { exporter, start, accounting, push, expectBalanced, stop } = await life(folder);
  exporter.answer = (batch) =>
    textsOf(batch).includes('large') ? { kind: 'rejected', code: 'http_413', by: 'gateway' } : { kind: 'sent' };
  await start();
  await expect.poll(() => accounting.snapshot()).toMatchObject({ restored: 51, sent: 50, spooled: 0 });
  expectBalanced();
  push(numbered(50));
  await expect
    .poll(() => accounting.snapshot())
    .toMatchObject({ sent: 100, unprocessed: { http_413: 1 }, buffered: 0 });
  expectBalanced();
  await stop();
});

test('accounts for every document under any interleaving, across restarts', async () => {
  const result = fc.constantFrom<ExportResult>(
    { kind: 'sent' },
    { kind: 'partial', refused: [{ position: 0, code: 'ThrottledException', isRetryable: true }] },
    { kind: 'partial', refused: [{ position: 0, code: 'InvalidName', isRetryable: false }] },
    { kind: 'retry', code: 'throttled' },
    { kind: 'rejected', code: 'InvalidRequestException' },
    { kind: 'rejected', code: 'http_413', by: 'gateway' },
  );
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('push' as const),
      count: fc.integer({ min: 1, max: 80 }),
      bytes: fc.integer({ min: 1, max: 2_000 }),
    }),
    fc.record({ kind: fc.constant('answer' as const), result }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 5 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 12 }), { minLength: 1, maxLength: 3 }), async (lives) => {
      const folder = scope.folder();
      let left = 0;
      for (const steps of lives) {
        const one = await life(folder, { maxBytes: 60_000, maxAgeMs: 2 }, { maxBytes: 50_000 });
        expect(one.accounting.restored).toBe(left);
        await one.start();
        for (const what of steps) {
          if (what.kind === 'push') one.push(Array.from({ length: what.count }, () => 'x'.repeat(what.bytes)));
          else if (what.kind === 'wait') await new Promise((next) => setTimeout(next, what.ms));
          else for (const call of one.exporter.calls.splice(0)) call.settle(what.result);
          one.expectBalanced();
          // On their way to the disk and to X-Ray: four batches each, which are not dropped.
          expect(one.batcher.read().bufferedBytes).toBeLessThanOrEqual(
            60_000 + 8 * 50 * (2_000 + SEGMENT_OVERHEAD_BYTES),
          );
          expect(one.accounting.snapshot().spooledBytes).toBeLessThanOrEqual(50_000);
        }
        await one.stop();
        one.expectBalanced();
        expect(one.accounting.snapshot()).toMatchObject({ buffered: 0, inFlight: 0 });
        left = one.accounting.snapshot().spooled;
      }
    }),
    { numRuns: 40 },
  );
});
