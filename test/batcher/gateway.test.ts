import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { textsOf } from '../fakes/exporter.ts';
import { numberedDocuments as numbered } from '../fakes/segments.ts';
import { setUp } from './set-up.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const TOO_LARGE = { kind: 'rejected', code: 'http_413', by: 'gateway' } as const;

test('of a batch that is too large for a gateway all is sent in parts, and only the document that is too large alone is lost', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp();
  exporter.answer = (batch) => (batch.length > 10 || textsOf(batch).includes('document-17') ? TOO_LARGE : { kind: 'sent' });
  push(...numbered(50));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(accounting.snapshot()).toMatchObject({ sent: 49, unprocessed: {}, buffered: 1 });
  // Others pass: it is the document, not the way.
  push('small');
  await vi.advanceTimersByTimeAsync(40_000);
  expect(accounting).toMatchObject({ sent: 50, unprocessed: { http_413: 1 } });
  expectBalanced();
});

test('while a gateway says of everything that it is too large, nothing is lost, calls become rare, and all of it is sent when it lets through', async () => {
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

test('a document that a gateway refuses for its size, while X-Ray answers nothing else, is kept for as long as others', async () => {
  const { push, exporter, accounting, expectBalanced } = setUp({ retryMaxAgeMs: 60_000 });
  exporter.answer = () => TOO_LARGE;
  push('large');
  await vi.advanceTimersByTimeAsync(55_000);
  expect(accounting.snapshot()).toMatchObject({ buffered: 1, unprocessed: {} });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(accounting.snapshot()).toMatchObject({ buffered: 0, unprocessed: {}, dropped: { retry_expired: 1 } });
  expectBalanced();
});
