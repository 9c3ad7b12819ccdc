import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Batcher } from '../../src/batcher/batcher.ts';
import { SEGMENT_OVERHEAD_BYTES } from '../../src/batcher/segment-queue.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import { ManualExporter, textsOf } from '../fakes/exporter.ts';
import { MemoryLog } from '../fakes/log.ts';
import { setUp } from './set-up.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const numbered = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => `document-${i + from}`);

test('sends a batch as soon as it has 50 documents', () => {
  const { push, exporter, expectBalanced } = setUp();
  push(...numbered(49));
  expect(exporter.calls).toHaveLength(0);
  push(...numbered(2, 49));
  expect(exporter.calls.map(({ batch }) => batch.length)).toEqual([50]);
  expectBalanced();
});

test('sends a partial batch when its oldest segment has waited the maximum time', async () => {
  const { push, exporter } = setUp();
  push('a');
  await vi.advanceTimersByTimeAsync(500);
  push('b');
  await vi.advanceTimersByTimeAsync(498);
  expect(exporter.calls).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(2);
  expect(exporter.calls.map(({ batch }) => textsOf(batch))).toEqual([['a', 'b']]);
});

test('knows when documents last arrived, in datagrams or over TCP', () => {
  const { push, batcher } = setUp();
  expect(batcher.lastReceivedMs).toBe(0);
  push('a');
  const first = batcher.lastReceivedMs;
  vi.advanceTimersByTime(5_000);
  batcher.offer([Buffer.from('b')], 'xray');
  expect([first > 0, batcher.lastReceivedMs - first]).toEqual([true, 5_000]);
});

test('a batch holds at most half a megabyte', () => {
  const { push, exporter } = setUp({ maxBytes: 64 * 1024 * 1024 });
  push(...Array.from({ length: 50 }, () => 'x'.repeat(60_000)));
  expect(exporter.calls.map(({ batch }) => batch.length)).toEqual([8, 8]);
});

test('never exceeds the maximum number of concurrent calls', async () => {
  const { push, exporter } = setUp();
  push(...numbered(200));
  expect(exporter.calls).toHaveLength(2);
  exporter.calls[0]!.settle({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(0);
  expect(exporter.calls).toHaveLength(3);
});

test('drops the oldest segments when the budget is full, and counts each once', () => {
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, batcher, accounting, expectBalanced, log } = setUp({ maxBytes: 3 * each });
  for (const name of ['a', 'b', 'c', 'd']) push(name.repeat(1_000));
  expect(accounting.dropped).toMatchObject({ buffer_full: 1, retry_expired: 0, shutdown: 0 });
  expect(batcher.read()).toEqual({ buffered: 3, bufferedBytes: 3 * each, inFlight: 0 });
  expect(log.find(/--buffer-memory/, 'error')).toHaveLength(1);
  expectBalanced();
});

test('reports when three quarters of the budget are in use, and when less than half is again', async () => {
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, exporter, shortages } = setUp({ maxBytes: 100 * each, concurrency: 1 });
  const document = 'a'.repeat(1_000);
  push(...numbered(75).map((text) => text.padEnd(1_000)));
  expect(shortages).toEqual([]);
  push(document);
  push(document);
  expect(shortages).toEqual([true]);
  exporter.calls[0]!.settle({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(0);
  expect(shortages).toEqual([true, false]);
  push(...numbered(30).map((text) => text.padEnd(1_000)));
  expect(shortages).toEqual([true, false]);
});

test('segments in flight count against the budget and are not dropped', async () => {
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, exporter, accounting, expectBalanced } = setUp({ maxBytes: 60 * each, concurrency: 1 });
  push(...numbered(50).map((text) => text.padEnd(1_000)));
  push(...numbered(20, 50).map((text) => text.padEnd(1_000)));
  expect(accounting.dropped.buffer_full).toBe(10);
  expectBalanced();
  exporter.calls[0]!.settle({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(accounting.sent).toBe(50);
  expect(textsOf(exporter.calls[1]!.batch)[0]?.trim()).toBe('document-60');
});

test('retries a failed batch in its original place', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp({ concurrency: 1 });
  push(...numbered(120));
  exporter.calls[0]!.settle({ kind: 'retry', code: 'http_503' });
  await vi.advanceTimersByTimeAsync(0);
  // One failure may be the batch's own fault: the next goes on.
  expect(textsOf(exporter.calls[1]!.batch)[0]).toBe('document-50');
  exporter.calls[1]!.settle({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(300);
  expect(textsOf(exporter.calls[2]!.batch)[0]).toBe('document-0');
  expect(accounting.retried).toBe(50);
  expectBalanced();
});

test('pauses all calls for as long as X-Ray asks when throttled, then tries one', async () => {
  const { push, exporter } = setUp({ concurrency: 2 });
  push(...numbered(300));
  exporter.calls[0]!.settle({ kind: 'retry', code: 'throttled', afterMs: 3_000 });
  exporter.calls[1]!.settle({ kind: 'retry', code: 'throttled', afterMs: 3_000 });
  await vi.advanceTimersByTimeAsync(2_990);
  expect(exporter.calls).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(20);
  expect(exporter.calls).toHaveLength(3);
  exporter.calls[2]!.settle({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(0);
  expect(exporter.calls).toHaveLength(5);
});

test('an outage costs few calls and no segments, and waiting segments are sent as soon as it is over', async () => {
  const { push, exporter, accounting, log, expectBalanced } = setUp();
  exporter.answer = () => ({ kind: 'retry', code: 'connection_refused' });
  push(...numbered(500));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(exporter.calls.length).toBeLessThan(30);
  exporter.answer = () => ({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(5_100);
  expect(accounting.sent).toBe(500);
  expect(log.find(/is accepting segments again/)).toHaveLength(1);
  expectBalanced();
});

test('drops segments that are too old when a call fails, and keeps the younger ones of the batch', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp({ retryMaxAgeMs: 1_200, concurrency: 1 });
  push('old');
  await vi.advanceTimersByTimeAsync(900);
  push('young');
  await vi.advanceTimersByTimeAsync(400);
  exporter.calls[0]!.settle({ kind: 'retry', code: 'http_500' });
  await vi.advanceTimersByTimeAsync(0);
  expect(accounting.dropped.retry_expired).toBe(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(textsOf(exporter.calls[1]!.batch)).toEqual(['young']);
  expectBalanced();
});

test('a segment that expires while a failure is handled is kept or dropped, not both', async () => {
  const accounting = new Accounting();
  const exporter = new ManualExporter();
  let nowMs = 1_000_000;
  let isTicking = false;
  // A clock that moves at each look, across the very age at which segments expire.
  const now = (): number => (isTicking ? nowMs++ : nowMs);
  const config = { maxBytes: 1024 * 1024, maxAgeMs: 1_000, concurrency: 1, retryMaxAgeMs: 2_000, isNewestFirst: false };
  const batcher = new Batcher(config, { exporter, accounting, log: new MemoryLog(), random: () => 0.999, now });
  expect(
    batcher.offer(
      Array.from({ length: 50 }, () => Buffer.from('x')),
      'xray',
    ),
  ).toBe('accepted');
  nowMs += 1_975;
  isTicking = true;
  exporter.calls[0]!.settle({ kind: 'retry', code: 'http_500' });
  await vi.advanceTimersByTimeAsync(0);
  expect(imbalanceOf(accounting.snapshot())).toBe(0);
});

test('counts refused documents by code and does not retry them', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp();
  push(...numbered(50));
  exporter.calls[0]!.settle({ kind: 'partial', refused: [{ position: 3, code: 'InvalidName', isRetryable: false }] });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(accounting.sent).toBe(49);
  expect(accounting.unprocessed).toEqual({ InvalidName: 1 });
  expect(exporter.calls).toHaveLength(1);
  expectBalanced();
});

test('retries only the document that X-Ray throttles, and counts the others as sent', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp();
  push(...numbered(50));
  exporter.calls[0]!.settle({
    kind: 'partial',
    refused: [{ position: 3, code: 'ThrottledException', isRetryable: true }],
  });
  await vi.advanceTimersByTimeAsync(300);
  expect(accounting.sent).toBe(49);
  expect(accounting.unprocessed).toEqual({});
  expect(textsOf(exporter.calls[1]!.batch)).toEqual(['document-3']);
  expectBalanced();
});

test('loses only the bad document of a batch that is refused as a whole', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp();
  exporter.answer = (batch) =>
    textsOf(batch).includes('document-17') ? { kind: 'rejected', code: 'SerializationException' } : { kind: 'sent' };
  push(...numbered(50));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(accounting.sent).toBe(49);
  expect(accounting.unprocessed).toEqual({ SerializationException: 1 });
  // Two calls a level, and there are log2(50) + 1 levels.
  expect(exporter.calls.length).toBeLessThanOrEqual(13);
  expectBalanced();
});

test('bounds codes from the network before they become labels', () => {
  const accounting = new Accounting();
  for (const code of ['Good', 'a b', 'x'.repeat(65), '']) accounting.countUnprocessed(code);
  for (let i = 0; i < 100; i++) accounting.countUnprocessed(`Code${i}`);
  accounting.countUnprocessed('__proto__');
  expect(Object.keys(accounting.unprocessed).length).toBeLessThanOrEqual(41);
  expect(accounting.unprocessed['other']).toBeGreaterThan(3);
});

test('an exporter that throws loses nothing', async () => {
  const { push, exporter, log, expectBalanced } = setUp();
  exporter.export = () => Promise.reject(new Error('bug'));
  push(...numbered(50));
  await vi.advanceTimersByTimeAsync(10);
  expect(log.find(/please report/, 'error').length).toBeGreaterThan(0);
  expectBalanced();
});

test('stop sends waiting segments at once, and resolves when every call is answered', async () => {
  const { push, exporter, batcher, accounting, expectBalanced } = setUp();
  push(...numbered(60));
  exporter.answer = () => ({ kind: 'sent' });
  exporter.calls[0]!.settle({ kind: 'sent' });
  await batcher.stop(new AbortController().signal);
  expect(accounting.sent).toBe(60);
  expect(batcher.offer([Buffer.from('late')], 'xray')).toBe('stopping');
  expectBalanced();
});

test('stop gives up at the deadline, and counts the remaining segments as dropped', async () => {
  const { push, batcher, accounting, expectBalanced } = setUp();
  push(...numbered(170));
  const deadline = new AbortController();
  const stopped = batcher.stop(deadline.signal);
  await vi.advanceTimersByTimeAsync(100);
  deadline.abort();
  await stopped;
  await batcher.stop(deadline.signal);
  expect(accounting.dropped.shutdown).toBe(170);
  expectBalanced();
});

test('offer accepts all documents or none', () => {
  const { batcher, accounting, expectBalanced } = setUp({ maxBytes: 1_300 });
  expect(batcher.offer([Buffer.alloc(200), Buffer.alloc(200)], 'xray')).toBe('accepted');
  expect(batcher.offer([Buffer.alloc(1), Buffer.alloc(300)], 'xray')).toBe('full');
  expect(accounting.received).toBe(2);
  expect(accounting.dropped.buffer_full).toBe(0);
  expectBalanced();
});

test('with newest first, sends new segments before old ones after an outage, and still drops the oldest', async () => {
  const each = 1_000 + SEGMENT_OVERHEAD_BYTES;
  const { push, exporter, accounting, expectBalanced } = setUp({
    isNewestFirst: true,
    concurrency: 1,
    maxBytes: 180 * each,
  });
  exporter.answer = () => ({ kind: 'retry', code: 'http_503' });
  for (let second = 0; second < 4; second++) {
    push(...Array.from({ length: 50 }, (_, i) => `${second}-${i}`.padEnd(1_000)));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(accounting.dropped.buffer_full).toBe(20);
  exporter.calls.length = 0;
  exporter.answer = () => ({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(exporter.calls.map(({ batch }) => [textsOf(batch)[0]!.trim(), batch.length]).slice(-1)).toEqual([
    ['0-20', 30],
  ]);
  const firsts = exporter.calls.map(({ batch }) => Number(textsOf(batch)[0]!.split('-')[0]));
  expect(firsts).toEqual(firsts.toSorted((a, b) => b - a));
  expectBalanced();
});

test('a megabyte holds 700 segments of 1 KB, however slowly they arrive', async () => {
  const { batcher, exporter, accounting, push } = setUp({ maxBytes: 3 * 1024 * 1024, retryMaxAgeMs: 86_400_000 });
  exporter.answer = () => ({ kind: 'retry', code: 'http_503' });
  while (accounting.dropped.buffer_full === 0) {
    push('x'.repeat(1_024));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(batcher.read().buffered + batcher.read().inFlight).toBeGreaterThanOrEqual(2_100);
});

test('a throttled document stays intact after the memory of its batch is reused', async () => {
  const { push, exporter } = setUp();
  push(...numbered(50));
  exporter.calls[0]!.settle({
    kind: 'partial',
    refused: [{ position: 3, code: 'ThrottledException', isRetryable: true }],
  });
  await vi.advanceTimersByTimeAsync(0);
  exporter.answer = () => ({ kind: 'sent' });
  push(...numbered(50, 1_000));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(exporter.calls.map(({ batch }) => textsOf(batch)).at(-1)).toEqual(['document-3']);
});
