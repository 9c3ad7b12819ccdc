import { expect, test } from 'vitest';
import type { Converter } from '../../src/compose/converting-sink.ts';
import { Pipeline } from '../../src/compose/pipeline.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import type { DocumentFormat, Settlement } from '../../src/pipeline/segment.ts';
import { chunkOf } from '../fakes/chunk.ts';
import { ManualExporter, textsOf } from '../fakes/exporter.ts';
import { MemoryLog } from '../fakes/log.ts';

/** Makes a document per word; a document that begins with `bad` cannot be converted. */
const wordsFrom = (from: DocumentFormat, to: DocumentFormat): Converter => ({
  from,
  to,
  convert: (document) => {
    const text = Buffer.from(document).toString();
    return text.startsWith('bad') ? undefined : text.split(' ').map((word) => Buffer.from(`<${word}>`));
  },
});

/** A pipeline into an exporter that accepts segment documents, unless `accepts` says otherwise. */
function pipelineOf({
  accepts = ['xray'] as readonly DocumentFormat[],
  converters = [wordsFrom('otlp', 'xray')] as readonly Converter[],
  maxBytes = 1024 * 1024,
} = {}) {
  const exporter = new ManualExporter();
  exporter.accepts = accepts;
  const accounting = new Accounting();
  let pushed = 0;
  accounting.addSource({
    read: () => ({ received: pushed, rejected: { empty: 0, no_document: 0, bad_header: 0 }, held: 0 }),
  });
  const { sink } = new Pipeline(
    { concurrency: 4, newestFirst: false, retryMaxAgeMs: 60_000 },
    { maxBytes, maxAgeMs: 0 },
    { exporter, upstream: [], accounting, log: new MemoryLog(), converters },
  );
  const settled: [number, Settlement][] = [];
  return {
    exporter,
    accounting,
    settled,
    offer: (format: DocumentFormat, ...texts: string[]) =>
      sink.offer(
        texts.map((text) => Buffer.from(text)),
        format,
        (position, settlement) => void settled.push([position, settlement]),
      ),
    keep: (format: DocumentFormat, ...texts: string[]) =>
      sink.keep(
        texts.map((text) => Buffer.from(text)),
        format,
      ),
    push: (format: DocumentFormat, ...texts: string[]) => {
      pushed += texts.length;
      sink.push(chunkOf(texts, 5, format));
    },
    sent: () => exporter.calls.flatMap(({ batch }) => textsOf(batch)),
    expectBalanced: () => expect(imbalanceOf(accounting.snapshot())).toBe(0),
  };
}

test('documents are converted once, before they are buffered, and settle when all that they became have settled', async () => {
  const { exporter, offer, sent, settled, accounting, expectBalanced } = pipelineOf();
  expect(offer('otlp', 'a b', 'c')).toBe('accepted');
  expect(accounting.snapshot()).toMatchObject({ received: 3 });
  expectBalanced();
  expect(sent()).toEqual(['<a>', '<b>', '<c>']);
  expect(exporter.calls[0]!.batch.map(({ format }) => format)).toEqual(['xray', 'xray', 'xray']);
  exporter.answer = () => ({ kind: 'sent' });
  exporter.calls[0]!.settle({
    kind: 'partial',
    refused: [
      { position: 0, code: 'ThrottledException', isRetryable: true },
      { position: 2, code: 'InvalidId', isRetryable: false },
    ],
  });
  // The second part of the first document is delivered, but the first part waits for its retry.
  await expect.poll(() => settled).toHaveLength(2);
  expect(settled).toEqual([
    [1, { kind: 'refused', code: 'InvalidId', id: null, message: '' }],
    [0, { kind: 'delivered' }],
  ]);
  expect(accounting.snapshot()).toMatchObject({ received: 3, sent: 2, unprocessed: { InvalidId: 1 } });
  expectBalanced();
});

test('a document of which one part is refused is refused, and a delay of a part is a delay of the document', async () => {
  const { exporter, offer, settled, accounting, expectBalanced } = pipelineOf();
  offer('otlp', 'a b c');
  exporter.answer = () => ({ kind: 'partial', refused: [{ position: 1, code: 'InvalidName', isRetryable: false }] });
  exporter.calls[0]!.settle({ kind: 'retry', code: 'http_503' });
  await expect.poll(() => settled.at(-1)?.[1].kind).toBe('refused');
  expect(settled.map(([position]) => position)).toEqual([0, 0, 0, 0]);
  expect(settled.slice(0, 3).map(([, { kind }]) => kind)).toEqual(['delayed', 'delayed', 'delayed']);
  expect(accounting.snapshot()).toMatchObject({ received: 3, sent: 2, unprocessed: { InvalidName: 1 } });
  expectBalanced();
});

test('a document that cannot be converted is refused alone, and counted', async () => {
  const { exporter, offer, push, sent, settled, accounting, expectBalanced } = pipelineOf();
  exporter.answer = () => ({ kind: 'sent' });
  offer('otlp', 'a', 'bad', 'b');
  push('otlp', 'c d', 'bad', 'e');
  push('otlp', 'bad');
  await expect
    .poll(() => accounting.snapshot())
    .toMatchObject({ received: 8, sent: 5, unprocessed: { ConversionFailed: 3 } });
  expect(sent()).toEqual(['<a>', '<b>', '<c>', '<d>', '<e>']);
  expect(settled.toSorted(([a], [b]) => a - b)).toEqual([
    [0, { kind: 'delivered' }],
    [1, { kind: 'refused', code: 'ConversionFailed' }],
    [2, { kind: 'delivered' }],
  ]);
  expectBalanced();
});

test('the size of what documents become decides whether they fit', () => {
  const { offer, accounting, expectBalanced } = pipelineOf({ maxBytes: 1_000 });
  expect(offer('otlp', 'a b c d e', 'bad')).toBe('too_large');
  expect(accounting.snapshot()).toMatchObject({ received: 0, unprocessed: {} });
  expect(offer('otlp', 'a b')).toBe('accepted');
  expect(offer('otlp', 'c')).toBe('full');
  expectBalanced();
});

test('a format that the exporter accepts is not converted, and one without a converter is refused', async () => {
  const { offer, push, sent, accounting, expectBalanced } = pipelineOf({ accepts: ['otlp'] });
  offer('otlp', 'as it is');
  offer('xray', 'a');
  push('xray', 'b', 'c');
  expect(sent()).toEqual(['as it is']);
  expect(accounting.snapshot()).toMatchObject({ received: 4, unprocessed: { UnsupportedFormat: 3 }, inFlight: 1 });
  expectBalanced();
});

test('a chunk of the receive thread is converted with the times of its documents', () => {
  const { exporter, push, accounting, expectBalanced } = pipelineOf({
    accepts: ['otlp'],
    converters: [wordsFrom('xray', 'otlp')],
  });
  push('xray', 'a b', 'c');
  const { batch } = exporter.calls[0]!;
  expect(textsOf(batch)).toEqual(['<a>', '<b>', '<c>']);
  expect(batch.map(({ format, arrivedAtMs }) => `${format} ${arrivedAtMs}`)).toEqual(['otlp 5', 'otlp 5', 'otlp 5']);
  expect(accounting.snapshot()).toMatchObject({ received: 3, inFlight: 3 });
  expectBalanced();
});

test('documents that are kept are converted too', async () => {
  const { keep, sent, accounting, expectBalanced } = pipelineOf();
  expect(await keep('otlp', 'a b', 'bad', 'c')).toBe('accepted');
  expect(await keep('xray', 'd')).toBe('accepted');
  expect(sent()).toEqual(['<a>', '<b>', '<c>', 'd']);
  expect(accounting.snapshot()).toMatchObject({ received: 5, unprocessed: { ConversionFailed: 1 } });
  expectBalanced();
});

test('a failed conversion counts only if the other documents are kept', async () => {
  const { keep, accounting, expectBalanced } = pipelineOf({ maxBytes: 500 });
  expect(await keep('otlp', 'a b', 'bad')).toBe('too_large');
  expect(accounting.snapshot()).toMatchObject({ received: 0, unprocessed: {} });
  expectBalanced();
});
