import { readdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SEGMENT_OVERHEAD_BYTES } from '../../src/batcher/segment-queue.ts';
import type { ExportResult } from '../../src/pipeline/exporter.ts';
import type { KeepAnswer } from '../../src/pipeline/segment.ts';
import { Scope } from '../fakes/scope.ts';
import { numberedDocuments as numbered } from '../fakes/segments.ts';
import { lifeOf } from './life.ts';
import { setUp } from './set-up.ts';

const scope = new Scope();
const away = (): ExportResult => ({ kind: 'retry', code: 'http_503' });
const taken = (): ExportResult => ({ kind: 'sent' });

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { encoding: 'utf8', recursive: true }).filter((name) => name.endsWith('.batch'));
const keep = ({ batcher }: Awaited<ReturnType<typeof lifeOf>>, documents: readonly string[]): Promise<KeepAnswer> =>
  batcher.keep(
    documents.map((document) => Buffer.from(document)),
    'xray',
  );

test('a sender is answered when its documents are on disk, and not before', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder);
  const answered = keep(life, numbered(3));
  expect(life.accounting.snapshot()).toMatchObject({ received: 0, buffered: 0 });
  expect(life.batcher.read().bufferedBytes).toBeGreaterThan(3 * SEGMENT_OVERHEAD_BYTES);
  expect(await answered).toBe('accepted');
  expect(filesIn(folder)).toHaveLength(1);
  expect(life.accounting.snapshot()).toMatchObject({ received: 3 });
  life.expectBalanced();
  await expect.poll(() => life.delivered()).toEqual(numbered(3));
  expect(filesIn(folder)).toHaveLength(1);
  life.exporter.calls[0]!.settle(taken());
  await expect.poll(() => filesIn(folder)).toEqual([]);
  expect(life.accounting.snapshot()).toMatchObject({ received: 3, sent: 3, spooled: 0 });
  life.expectBalanced();
});

test('without a spool, a sender is answered when its documents are in the buffer', async () => {
  const { batcher, accounting, expectBalanced } = setUp();
  expect(await batcher.keep([Buffer.from('a')], 'xray')).toBe('accepted');
  expect(accounting.snapshot()).toMatchObject({ received: 1, buffered: 1 });
  expectBalanced();
});

test('the requests of a turn are written together', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder);
  life.exporter.answer = away;
  const all = numbered(120);
  const answers = Array.from({ length: 24 }, (_, i) => keep(life, all.slice(5 * i, 5 * i + 5)));
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['accepted']));
  expect(filesIn(folder)).toHaveLength(3);
});

test('what does not fit in the spool stays with its sender, and displaces nothing', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder, {}, { maxBytes: 3 * 8_192 + 4_096 });
  life.exporter.answer = away;
  const document = 'x'.repeat(1_000);
  const answers: KeepAnswer[] = [];
  for (let i = 0; i < 5; i++) answers.push(await keep(life, Array<string>(6).fill(document)));
  expect(answers).toEqual(['accepted', 'accepted', 'accepted', 'unwritable', 'unwritable']);
  expect(life.accounting.snapshot()).toMatchObject({ received: 18, dropped: { spool_full: 0 } });
  life.expectBalanced();
  expect(life.log.find(/the spool is full: requests are refused/)).toBeDefined();
  expect(await keep(life, [document])).toBe('accepted');
});

test('segments that overflow memory do not displace what was promised to its sender', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder, { maxBytes: 20_000 }, { maxBytes: 3 * 8_192 });
  life.exporter.answer = away;
  const document = 'x'.repeat(1_000);
  for (let i = 0; i < 3; i++) expect(await keep(life, Array<string>(6).fill(document))).toBe('accepted');
  for (let i = 0; i < 10; i++) {
    life.push(Array<string>(6).fill(document));
    await expect.poll(() => life.batcher.read().bufferedBytes, { interval: 1 }).toBeLessThanOrEqual(20_000);
  }
  const { dropped, received } = life.accounting.snapshot();
  expect(dropped.spool_full).toBe(0);
  expect(dropped.buffer_full).toBeGreaterThan(0);
  expect(received).toBe(78);
  life.expectBalanced();
});

test('when the disk fails, nothing was received, and its sender is told to keep it', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder);
  rmSync(folder, { recursive: true });
  expect(await Promise.all([keep(life, numbered(120)), keep(life, numbered(1))])).toEqual(['unwritable', 'unwritable']);
  expect(life.accounting.snapshot()).toMatchObject({ received: 0, spooled: 0 });
  expect(life.batcher.read().bufferedBytes).toBe(0);
  life.expectBalanced();
});

test('a drain sends what was promised while the destination accepts it', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder);
  const answered = keep(life, numbered(500));
  life.exporter.answer = taken;
  const stopped = life.batcher.stop(AbortSignal.timeout(5_000));
  expect(await answered).toBe('accepted');
  await stopped;
  expect(life.accounting.snapshot()).toMatchObject({ received: 500, sent: 500, spooled: 0 });
  expect(await keep(life, numbered(1))).toBe('stopping');
});

test('a drain leaves what was promised on disk during an outage', async () => {
  const folder = scope.folder();
  const life = await lifeOf(scope, folder);
  life.exporter.answer = away;
  expect(await keep(life, numbered(500))).toBe('accepted');
  await life.stop(AbortSignal.timeout(5_000));
  expect(life.accounting.snapshot()).toMatchObject({ received: 500, sent: 0, spooled: 500 });
  const next = await lifeOf(scope, folder);
  next.exporter.answer = taken;
  await next.start();
  await next.settled(0);
  expect(next.delivered().toSorted()).toEqual(numbered(500).toSorted());
});
