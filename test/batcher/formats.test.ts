import { readdirSync } from 'node:fs';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import type { BatcherConfig } from '../../src/batcher/batcher.ts';
import { imbalanceOf, sumOf } from '../../src/pipeline/accounting.ts';
import { monotonicMs } from '../../src/pipeline/clock.ts';
import type { ExportResult } from '../../src/pipeline/exporter.ts';
import { DOCUMENT_FORMATS, type Batch, type DocumentFormat } from '../../src/pipeline/segment.ts';
import { textsOf } from '../fakes/exporter.ts';
import { Scope } from '../fakes/scope.ts';
import { lifeOf } from './life.ts';

const scope = new Scope();
const SENT = (): ExportResult => ({ kind: 'sent' });
const AWAY = (): ExportResult => ({ kind: 'retry', code: 'http_503' });

/** Documents that say their own format. */
let made = 0;
const documentsOf = (format: DocumentFormat, count: number): string[] =>
  Array.from({ length: count }, () => `${format} ${made++}`.padEnd(300, '.'));

function expectOwnFormats(batch: Batch): void {
  expect(batch.map(({ format }) => format)).toEqual(textsOf(batch).map((text) => text.slice(0, 4)));
}

const ANSWERS: Readonly<Record<string, (batch: Batch) => ExportResult>> = {
  sent: SENT,
  away: AWAY,
  /** A batch is bisected until each document stands alone. */
  'too large': (batch) => (batch.length > 1 ? { kind: 'rejected', code: 'RequestTooLarge' } : { kind: 'sent' }),
  'first throttled': () => ({
    kind: 'partial',
    refused: [{ position: 0, code: 'ThrottledException', isRetryable: true }],
  }),
  'last refused': (batch) => ({
    kind: 'partial',
    refused: [{ position: batch.length - 1, code: 'InvalidId', isRetryable: false }],
  }),
};

/** A life whose exporter accepts all formats, and checks every document that it gets. */
async function mixedLife(folder: string, config: Partial<BatcherConfig> = {}) {
  const life = await lifeOf(
    scope,
    folder,
    { maxBytes: 60_000, concurrency: 2, ...config },
    { accepts: DOCUMENT_FORMATS },
  );
  let answer = SENT as (batch: Batch) => ExportResult;
  life.exporter.answer = (batch) => {
    expectOwnFormats(batch);
    return answer(batch);
  };
  return { ...life, answerWith: (next: (batch: Batch) => ExportResult) => (answer = next) };
}

test('documents of both formats in one batch keep their formats through a retry and a restart from the spool', async () => {
  const folder = scope.folder();
  const first = await mixedLife(folder, { maxAgeMs: 3_600_000 });
  first.answerWith(AWAY);
  const xray = documentsOf('xray', 25);
  const otlp = documentsOf('otlp', 25);
  first.push(xray);
  first.batcher.offer(
    otlp.map((text) => Buffer.from(text)),
    'otlp',
  );
  await expect.poll(() => first.accounting.retried).toBeGreaterThanOrEqual(100);
  expect(new Set(first.exporter.calls.at(-1)!.batch.map(({ format }) => format)).size).toBe(2);
  await first.stop();
  expect(first.accounting.snapshot()).toMatchObject({ received: 50, spooled: 50, buffered: 0 });
  first.expectBalanced();
  const second = await mixedLife(folder);
  await second.start();
  await second.settled(0);
  expect(second.accounting.snapshot()).toMatchObject({ restored: 50, sent: 50 });
  expect(second.delivered().toSorted()).toEqual([...xray, ...otlp].toSorted());
});

test('documents keep their formats under any interleaving of formats, answers, a full buffer and restarts', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('push' as const, 'offer' as const),
        format: fc.constantFrom(...DOCUMENT_FORMATS),
        count: fc.integer({ min: 1, max: 60 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('answer' as const),
        answer: fc.constantFrom(...Object.values(ANSWERS)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 30 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
      const folder = scope.folder();
      const lives = [await mixedLife(folder)];
      const current = (): (typeof lives)[number] => lives.at(-1)!;
      await current().start();
      for (const one of steps) {
        const life = current();
        if (one.kind === 'answer') life.answerWith(one.answer);
        else if (one.kind === 'pause') await new Promise((resolve) => setTimeout(resolve, one.ms));
        else if (one.kind === 'restart') {
          await life.stop();
          lives.push(await mixedLife(folder));
          await current().start();
        } else {
          const documents = documentsOf(one.format, one.count);
          if (one.kind === 'push') life.push(documents, monotonicMs(), one.format);
          else
            life.batcher.offer(
              documents.map((text) => Buffer.from(text)),
              one.format,
            );
        }
        life.expectBalanced();
      }
      current().answerWith(SENT);
      await current().settled(0);
      await current().stop();
      for (const { accounting } of lives) expect(imbalanceOf(accounting.snapshot())).toBe(0);
      const total = (term: 'received' | 'sent'): number =>
        lives.reduce((sum, { accounting }) => sum + accounting.snapshot()[term], 0);
      const lost = lives.reduce(
        (sum, { accounting }) => sum + sumOf(accounting.dropped) + sumOf(accounting.unprocessed),
        0,
      );
      expect(total('sent') + lost).toBe(total('received'));
      expect(readdirSync(folder).filter((name) => name.endsWith('.unreadable'))).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

test('a format that the exporter does not accept is refused document by document, from a chunk and from an offer', async () => {
  const { batcher, exporter, push, accounting, expectBalanced } = await lifeOf(scope, scope.folder());
  push(documentsOf('otlp', 3), monotonicMs(), 'otlp');
  const settled: unknown[] = [];
  const offered = documentsOf('otlp', 2).map((text) => Buffer.from(text));
  expect(batcher.offer(offered, 'otlp', (position, settlement) => void settled.push([position, settlement]))).toBe(
    'accepted',
  );
  const refused = { kind: 'refused', code: 'UnsupportedFormat' };
  expect(settled).toEqual([
    [0, refused],
    [1, refused],
  ]);
  expect(accounting.snapshot()).toMatchObject({ received: 5, unprocessed: { UnsupportedFormat: 5 }, buffered: 0 });
  expect(exporter.calls).toEqual([]);
  expectBalanced();
});

test('a spool file with a format that the exporter does not accept is kept under another name, counted and explained', async () => {
  const folder = scope.folder();
  const first = await mixedLife(folder);
  first.answerWith(AWAY);
  first.push(documentsOf('otlp', 5), monotonicMs(), 'otlp');
  await first.stop();
  const second = await lifeOf(scope, folder);
  second.exporter.answer = SENT;
  await second.start();
  await second.settled(0);
  expect(second.accounting.snapshot()).toMatchObject({ restored: 5, sent: 0, dropped: { spool_unreadable: 5 } });
  expect(second.exporter.calls).toEqual([]);
  const [said] = second.log.find(/^a spool file cannot be read; renamed to .unreadable. Rename it back/, 'error');
  expect(said?.fields['reason']).toBe('it has documents of the format otlp, which the exporter does not accept');
  expect(readdirSync(folder).filter((name) => name.endsWith('.unreadable'))).toHaveLength(1);
});
