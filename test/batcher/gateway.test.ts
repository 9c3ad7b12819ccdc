import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { textsOf } from '../fakes/exporter.ts';
import { numberedDocuments as numbered } from '../fakes/segments.ts';
import { setUp } from './set-up.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const TOO_LARGE = { kind: 'rejected', code: 'http_413', by: 'gateway' } as const;

test('sends a batch that is too large for a gateway in parts, and loses only a document that is too large alone', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp();
  exporter.answer = (batch) =>
    batch.length > 10 || textsOf(batch).includes('document-17') ? TOO_LARGE : { kind: 'sent' };
  push(...numbered(50));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(accounting.snapshot()).toMatchObject({ sent: 49, unprocessed: {}, buffered: 1 });
  // Others pass: it is the document, not the way.
  push('small');
  await vi.advanceTimersByTimeAsync(40_000);
  expect(accounting).toMatchObject({ sent: 50, unprocessed: { http_413: 1 } });
  expectBalanced();
});

test('loses nothing while a gateway refuses everything as too large, makes few calls, and sends everything afterwards', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp({ retryMaxAgeMs: 600_000 });
  exporter.answer = () => TOO_LARGE;
  push(...numbered(120));
  await vi.advanceTimersByTimeAsync(300_000);
  expect(accounting.snapshot()).toMatchObject({ sent: 0, unprocessed: {}, buffered: 120 });
  exporter.calls.length = 0;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(exporter.calls.length).toBeLessThan(60);
  exporter.answer = () => ({ kind: 'sent' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(accounting).toMatchObject({ sent: 120, unprocessed: {} });
  expectBalanced();
});

test('keeps a document that a gateway refuses for its size as long as others, while X-Ray answers nothing else', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp({ retryMaxAgeMs: 60_000 });
  exporter.answer = () => TOO_LARGE;
  push('large');
  await vi.advanceTimersByTimeAsync(55_000);
  expect(accounting.snapshot()).toMatchObject({ buffered: 1, unprocessed: {} });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(accounting.snapshot()).toMatchObject({ buffered: 0, unprocessed: {}, dropped: { retry_expired: 1 } });
  expectBalanced();
});
