import type { ComponentState } from '../../src/pipeline/component.ts';
import type { Exporter, ExportResult } from '../../src/pipeline/exporter.ts';
import type { Batch, DocumentFormat } from '../../src/pipeline/segment.ts';

/** An exporter whose calls wait until the test settles them, and end as `retry` when aborted, as the contract says. */
export class ManualExporter implements Exporter {
  readonly name = 'exporter';
  readonly destination = 'X-Ray';
  accepts: readonly DocumentFormat[] = ['xray'];
  readonly limits = { maxDocuments: 50, maxBytes: 512 * 1024 };
  readonly lastSuccessMs = 0;
  readonly state: ComponentState = { name: 'exporter', state: 'ok' };
  /** `batch`: a copy of the given documents; `original`: their memory, which may be read until the call is settled. */
  readonly calls: { batch: Batch; original: Batch; settle: (result: ExportResult) => void }[] = [];
  /** If set, answers at once. */
  answer: ((batch: Batch) => ExportResult) | undefined;

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  export(batch: Batch, signal: AbortSignal): Promise<ExportResult> {
    const { promise, resolve } = Promise.withResolvers<ExportResult>();
    const copy = batch.map(({ chunk, start, end, arrivedAtMs, format }) => ({
      chunk: Buffer.from(chunk.subarray(start, end)),
      start: 0,
      end: end - start,
      arrivedAtMs,
      format,
    }));
    this.calls.push({ batch: copy, original: batch, settle: resolve });
    signal.addEventListener('abort', () => resolve({ kind: 'retry', code: 'aborted' }));
    if (this.answer !== undefined) resolve(this.answer(batch));
    return promise;
  }
}

export function textsOf(batch: Batch): string[] {
  return batch.map(({ chunk, start, end }) => chunk.toString('utf8', start, end));
}
