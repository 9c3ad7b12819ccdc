import { expect, test } from 'vitest';
import { DocumentsIntake } from '../../src/api/documents-intake.ts';
import { StoreFullError } from '../../src/threads/store-thread.ts';
import { setUp } from '../batcher/set-up.ts';
import { eventually } from '../fakes/eventually.ts';
import { textsOf } from '../fakes/exporter.ts';

const bytesOf = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** The intake in front of a real batcher; the test settles the calls of the exporter. */
function intakeInto(config: Parameters<typeof setUp>[0] = {}, fullError?: StoreFullError, maxWaitMs?: number) {
  const parts = setUp(config);
  const deps = {
    sink: parts.batcher,
    ingest: { fullError },
    accounting: parts.accounting,
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
  };
  return { ...parts, intake: new DocumentsIntake(deps) };
}

test('a call is answered once its documents are stored, without waiting for others to fill their batch', async () => {
  const { intake, exporter, accounting, expectBalanced } = intakeInto({ maxAgeMs: 3_600_000 });
  let isAnswered = false;
  const answer = intake.put(bytesOf('a', 'b')).finally(() => (isAnswered = true));
  await eventually(() => exporter.calls.length === 1);
  expect(textsOf(exporter.calls[0]!.batch)).toEqual(['a', 'b']);
  expect(isAnswered).toBe(false);
  exporter.calls[0]!.settle({ kind: 'sent' });
  expect(await answer).toEqual([]);
  expect(accounting.snapshot()).toMatchObject({ received: 2, sent: 2, buffered: 0 });
  expectBalanced();
});

test('the refusals of a call are its own, in its order, also when segments of UDP fill the same batch', async () => {
  const { intake, exporter, push, accounting, expectBalanced } = intakeInto({ concurrency: 1, maxAgeMs: 3_600_000 });
  push('u1', 'u2');
  const first = intake.put(bytesOf('a', 'bad', 'c'));
  await eventually(() => exporter.calls.length === 1);
  expect(textsOf(exporter.calls[0]!.batch)).toEqual(['u1', 'u2', 'a', 'bad', 'c']);
  const second = intake.put(bytesOf('worse'));
  const refusalAt = (position: number, code: string) => ({
    position,
    code,
    isRetryable: false,
    id: `id of ${code}`,
    message: `why ${code}`,
  });
  exporter.calls[0]!.settle({ kind: 'partial', refused: [refusalAt(1, 'MissingId'), refusalAt(3, 'InvalidId')] });
  expect(await first).toEqual([
    { id: 'id of InvalidId', code: 'InvalidId', message: 'why InvalidId', traceId: undefined },
  ]);
  await eventually(() => exporter.calls.length === 2);
  exporter.calls[1]!.settle({ kind: 'partial', refused: [refusalAt(0, 'MissingName')] });
  expect((await second).map(({ code }) => code)).toEqual(['MissingName']);
  expect(accounting.snapshot()).toMatchObject({ sent: 3, unprocessed: { MissingId: 1, InvalidId: 1, MissingName: 1 } });
  expectBalanced();
});

test('a call whose documents could not be stored is not answered as stored; they are kept, and stored later', async () => {
  const { intake, exporter, accounting, expectBalanced } = intakeInto();
  const answer = expect(intake.put(bytesOf('a'))).rejects.toThrow('no space');
  await eventually(() => exporter.calls.length === 1);
  exporter.calls[0]!.settle({ kind: 'retry', code: 'store_full', error: new StoreFullError('no space', 'disk') });
  await answer;
  expect(accounting.snapshot()).toMatchObject({ received: 1, buffered: 1, sent: 0 });
  await eventually(() => exporter.calls.length === 2);
  exporter.calls[1]!.settle({ kind: 'sent' });
  await eventually(() => accounting.sent === 1);
  expectBalanced();
});

test('while the store is full and documents wait for it, further ones stay with their sender', async () => {
  const { intake, push, accounting, expectBalanced } = intakeInto(
    { maxAgeMs: 3_600_000 },
    new StoreFullError('no space', 'disk'),
  );
  push('waiting');
  await expect(intake.put(bytesOf('a'))).rejects.toThrow('no space');
  expect(accounting.snapshot()).toMatchObject({ received: 1, buffered: 1 });
  expectBalanced();
});

test('a store that does not answer is a 503 after the deadline, and the documents are kept', async () => {
  const { intake, exporter, accounting, expectBalanced } = intakeInto({}, undefined, 20);
  await expect(intake.put(bytesOf('a'))).rejects.toMatchObject({
    status: 503,
    message: expect.stringContaining('are not stored yet'),
  });
  expect(accounting.snapshot()).toMatchObject({ received: 1, inFlight: 1 });
  exporter.calls[0]!.settle({ kind: 'sent' });
  await eventually(() => accounting.sent === 1);
  expectBalanced();
});

test('a full buffer is a 429, documents larger than the whole buffer a 413, a pipeline that stops a 503; none counts as received', async () => {
  const { intake, batcher, exporter, accounting } = intakeInto({ maxBytes: 10_000 });
  await expect(intake.put([Buffer.alloc(10_000)])).rejects.toMatchObject({ status: 413 });
  void intake.put([Buffer.alloc(5_000)]).catch(() => {});
  await expect(intake.put([Buffer.alloc(5_000)])).rejects.toMatchObject({ status: 429 });
  await eventually(() => exporter.calls.length === 1);
  exporter.calls[0]!.settle({ kind: 'sent' });
  await batcher.stop(AbortSignal.timeout(1_000));
  await expect(intake.put(bytesOf('a'))).rejects.toMatchObject({ status: 503 });
  expect(accounting.snapshot().received).toBe(1);
});

test('documents that a flood of UDP displaces are answered with 429, and counted as dropped', async () => {
  const { intake, exporter, push, accounting, expectBalanced } = intakeInto({ maxBytes: 4_000, concurrency: 1 });
  push('first');
  const inFlight = expect(intake.put(bytesOf('a'))).resolves.toEqual([]);
  await eventually(() => exporter.calls.length === 1);
  const displaced = expect(intake.put(bytesOf('b'))).rejects.toMatchObject({ status: 429 });
  push(...Array.from({ length: 10 }, (_, i) => `u${i}`));
  await displaced;
  expect(accounting.snapshot().dropped.buffer_full).toBeGreaterThan(0);
  exporter.calls[0]!.settle({ kind: 'sent' });
  await inFlight;
  expectBalanced();
});

test('documents in a format that the exporter does not accept are refused one by one, and counted', () => {
  const { batcher, exporter, accounting, expectBalanced } = setUp();
  exporter.accepts = [];
  const settled: unknown[] = [];
  expect(
    batcher.offer(bytesOf('a', 'b'), 'xray', (position, settlement) => void settled.push([position, settlement])),
  ).toBe('accepted');
  expect(settled).toEqual([
    [0, { kind: 'refused', code: 'UnsupportedFormat' }],
    [1, { kind: 'refused', code: 'UnsupportedFormat' }],
  ]);
  expect(accounting.snapshot()).toMatchObject({ received: 2, unprocessed: { UnsupportedFormat: 2 } });
  expectBalanced();
});
