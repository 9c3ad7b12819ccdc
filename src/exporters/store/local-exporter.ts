import { monotonicMs, wallClockMs, wallTimeOf } from '../../pipeline/clock.ts';
import type { ComponentState } from '../../pipeline/component.ts';
import { countCall, type Counters } from '../../pipeline/counters.ts';
import type { Exporter, ExportResult, RefusedDocument } from '../../pipeline/exporter.ts';
import { messageOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { Batch } from '../../pipeline/segment.ts';
import type { ConsoleLines } from './console-lines.ts';
import { Ingest } from '../../threads/ingest.ts';
import { StoreFullError } from '../../threads/store-thread.ts';

export interface LocalExporterDeps {
  readonly ingest: Ingest;
  readonly lines: ConsoleLines;
  readonly log: Logger;
  readonly counters: Counters;
}

/** Exports documents to the store of the local X-Ray, and prints a line for each. */
export class LocalExporter implements Exporter {
  readonly name = 'exporter';
  readonly destination = 'the local store';
  readonly accepts = ['xray'] as const;
  readonly limits = { maxDocuments: 50, maxBytes: 512 * 1024 };
  readonly #deps: LocalExporterDeps;
  #lastSuccessMs = 0;

  constructor(deps: LocalExporterDeps) {
    this.#deps = deps;
  }

  get state(): ComponentState {
    const { problem } = this.#deps.ingest;
    return problem === undefined
      ? { name: this.name, state: 'ok', reason: this.destination }
      : { name: this.name, state: 'degraded', reason: problem };
  }

  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async export(batch: Batch): Promise<ExportResult> {
    const { ingest, lines, log, counters } = this.#deps;
    const startedMs = performance.now();
    const documents = batch.map(({ chunk, start, end }) => chunk.subarray(start, end));
    let refused: RefusedDocument[];
    try {
      const written = await ingest.put(documents, { receivedAtMs: wallClockMs(), isImport: false });
      refused = written.refused.map((refusal) => ({
        position: refusal.position,
        code: refusal.code,
        id: refusal.id,
        message: refusal.message,
        isRetryable: false,
        ...(Ingest.isOtlp(documents, refusal) ? { rejectedAs: 'otlp' } : {}),
      }));
    } catch (error) {
      countCall(counters, 'retry', startedMs);
      const isFull = error instanceof StoreFullError;
      if (!isFull)
        log.limited(
          'store_failed',
          'error',
          { error: messageOf(error) },
          'traces could not be stored; they are kept and retried',
        );
      return { kind: 'retry', code: isFull ? 'store_full' : 'store_failed', error };
    }
    for (const { position, rejectedAs } of refused) {
      const { arrivedAtMs } = batch[position]!;
      if (rejectedAs === 'otlp') lines.write(documents[position]!, wallTimeOf(arrivedAtMs));
    }
    this.#lastSuccessMs = monotonicMs();
    const result: ExportResult = refused.length === 0 ? { kind: 'sent' } : { kind: 'partial', refused };
    countCall(counters, result.kind, startedMs);
    return result;
  }
}
