import { expect, test } from 'vitest';
import { outcomeOf } from '../../../src/batcher/outcome.ts';
import { newCounters } from '../../../src/pipeline/counters.ts';
import type { ExportResult } from '../../../src/pipeline/exporter.ts';
import { ConsoleLines } from '../../../src/exporters/store/console-lines.ts';
import { Ingest } from '../../../src/threads/ingest.ts';
import { LocalExporter } from '../../../src/exporters/store/local-exporter.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { readTracesJson } from '../../../src/formats/otlp/read-json.ts';
import { span, traces } from '../../fakes/otlp.ts';
import { StoreFullError } from '../../../src/threads/store-thread.ts';
import type { Written } from '../../../src/store/written.ts';
import { MemoryLog } from '../../fakes/log.ts';
import { segmentsOf } from '../../fakes/segments.ts';

function exporterInto(write: () => Written) {
  const log = new MemoryLog();
  const printed: string[] = [];
  const lines = new ConsoleLines({ write: (line) => void printed.push(line), hasColor: false, nowMs: () => 0 });
  const ingest = new Ingest({ store: { write: async () => write() }, log, lines, onChanged: () => {} });
  return { exporter: new LocalExporter({ ingest, lines, log, counters: newCounters() }), log, printed };
}

const refusal = (position: number) => ({ position, id: null, code: 'ParseError', message: '', traceId: undefined });

test('rejects an OTLP body, counts a refused document as unprocessed, and only stored ones as sent', async () => {
  const batch = segmentsOf(['{"name":"a"}', 'T1SCgkK', 'None', 'M1Cgk=']);
  const { exporter, log, printed } = exporterInto(() => ({
    refused: [refusal(1), refusal(2), refusal(3)],
    changed: [],
  }));
  const result = (await exporter.export(batch)) as Exclude<ExportResult, { kind: 'retry' }>;
  const { delivered, refused } = outcomeOf(batch, result, () => false);
  expect(delivered).toEqual([batch[0]]);
  expect(refused.map(({ segment, rejectedAs }) => [batch.indexOf(segment), rejectedAs])).toEqual([
    [1, 'otlp'],
    [2, undefined],
    [3, 'otlp'],
  ]);
  expect(printed.filter((line) => line.includes('not stored'))).toHaveLength(2);
  expect(log.find(/OTLP bodies were rejected/, 'warn')[0]!.fields).toEqual({ documents: 2 });
});

test('gives the store the spans of OTLP documents and bodies as JSON, one document for each trace', async () => {
  const puts: { format: string; documents: string[] }[] = [];
  const log = new MemoryLog();
  const printed: string[] = [];
  const lines = new ConsoleLines({ write: (line) => void printed.push(line), hasColor: false, nowMs: () => 0 });
  const write = async (
    _: string,
    { format, bytes, ends }: { format: string; bytes: Uint8Array; ends: Uint32Array },
  ) => {
    const whole = Buffer.from(bytes);
    puts.push({ format, documents: [...ends].map((end, i) => whole.subarray(ends[i - 1] ?? 0, end).toString()) });
    return { refused: format === 'otlp' ? [refusal(1)] : [], changed: [] };
  };
  const ingest = new Ingest({ store: { write: write as never }, log, lines, onChanged: () => {} });
  const exporter = new LocalExporter({ ingest, lines, log, counters: newCounters() });
  const one = encodeTraces(traces([span()]));
  const two = encodeTraces(traces([span(), span({ traceId: 'a'.repeat(32) })]));
  const batch = [
    ...segmentsOf([Buffer.from(one)], 1_000_000, 'otlp'),
    ...segmentsOf(['{"name":"a"}', `T1S${Buffer.from(two).toString('base64')}`]),
  ];
  const result = await exporter.export(batch);
  expect(puts.map(({ format, documents }) => [format, documents.length])).toEqual([
    ['xray', 1],
    ['otlp', 3],
  ]);
  expect(readTracesJson(puts[1]!.documents[0]!)).toMatchObject({ isDecoded: true, spans: 1 });
  // The second OTLP document comes from the last document of the batch.
  expect(result).toMatchObject({ kind: 'partial', refused: [{ position: 2 }] });
  expect(printed.filter((line) => line.includes(span().traceId.slice(8)))).not.toEqual([]);
});

test.each([
  [new StoreFullError('disk full', 'disk'), 'store_full'],
  [new Error('the store is closed'), 'store_failed'],
  [new Error(`anything ${Math.PI} at all`), 'store_failed'],
])('keeps what cannot be stored, with a code from a short list: %s', async (error, code) => {
  const { exporter } = exporterInto(() => {
    throw error;
  });
  expect(await exporter.export(segmentsOf(['{}']))).toMatchObject({ kind: 'retry', code: code });
});

test('what was stored is forwarded as it was received, and what was refused is not', async () => {
  const forwarded: [string, string[]][] = [];
  const log = new MemoryLog();
  const lines = new ConsoleLines({ write: () => {}, hasColor: false, nowMs: () => 0 });
  const write = async (_: string, { format }: { format: string }): Promise<never> =>
    ({ refused: format === 'xray' ? [refusal(1)] : [], changed: [] }) as never;
  const ingest = new Ingest({ store: { write: write as never }, log, lines, onChanged: () => {} });
  const onStored = (documents: readonly Uint8Array[], format: string): void =>
    void forwarded.push([format, documents.map((document) => Buffer.from(document).toString('latin1'))]);
  const exporter = new LocalExporter({ ingest, lines, log, counters: newCounters(), onStored });
  const spans = encodeTraces(traces([span()]));
  const bodies = ['T1S', 'T1U'].map((kind) => kind + spans.toString('base64'));
  const otlp = { chunk: spans, start: 0, end: spans.length, arrivedAtMs: 0, format: 'otlp' } as const;
  await exporter.export([...segmentsOf(['{"name":"a"}', '{"id":"bad"}', ...bodies]), otlp]);
  expect(forwarded).toEqual([
    ['xray', ['{"name":"a"}', ...bodies]],
    ['otlp', [spans.toString('latin1')]],
  ]);
});
