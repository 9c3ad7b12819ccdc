import { expect, test } from 'vitest';
import { outcomeOf } from '../../../src/batcher/outcome.ts';
import { newCounters } from '../../../src/pipeline/counters.ts';
import type { ExportResult } from '../../../src/pipeline/exporter.ts';
import { ConsoleLines } from '../../../src/exporters/store/console-lines.ts';
import { Ingest } from '../../../src/threads/ingest.ts';
import { LocalExporter } from '../../../src/exporters/store/local-exporter.ts';
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
  expect(log.find(/OTLP spans were rejected/, 'warn')[0]!.fields).toEqual({ documents: 2 });
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
