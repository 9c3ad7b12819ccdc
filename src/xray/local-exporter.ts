import { monotonicMs, wallClockMs, wallTimeOf } from '../pipeline/clock.ts';
import type { ComponentState } from '../pipeline/component.ts';
import type { Exporter, ExportResult, RefusedDocument } from '../pipeline/exporter.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Batch } from '../pipeline/segment.ts';
import type { ConsoleLines } from './console-lines.ts';
import type { Ingest } from './ingest.ts';
import { otlpKindOf } from './otlp-body.ts';
import { StoreFullError } from './store/store-thread.ts';

export interface LocalExporterDeps {
  readonly ingest: Ingest;
  readonly lines: ConsoleLines;
  readonly onCall: (outcome: string, seconds: number) => void;
}

/** Where the local X-Ray's documents go: into the store, and as a line each to the console. */
export class LocalExporter implements Exporter {
  readonly name = 'exporter';
  readonly #deps: LocalExporterDeps;
  #lastSuccessMs = 0;

  constructor(deps: LocalExporterDeps) {
    this.#deps = deps;
  }

  get state(): ComponentState {
    const { problem } = this.#deps.ingest;
    return problem === undefined
      ? { name: this.name, state: 'ok', reason: 'the local store' }
      : { name: this.name, state: 'degraded', reason: problem };
  }

  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async send(batch: Batch): Promise<ExportResult> {
    const { ingest, lines, onCall } = this.#deps;
    const startedMs = performance.now();
    const documents: Buffer[] = [];
    const positions: number[] = [];
    const others: { body: Buffer; arrivedAtMs: number }[] = [];
    for (const [position, { chunk, start, end, arrivedAtMs }] of batch.entries()) {
      const body = chunk.subarray(start, end);
      if (otlpKindOf(body) !== undefined) {
        others.push({ body, arrivedAtMs });
        continue;
      }
      documents.push(body);
      positions.push(position);
    }
    let refused: RefusedDocument[] = [];
    try {
      const written = await ingest.put(documents, { receivedAtMs: wallClockMs(), isImport: false });
      refused = written.refused.map(({ position, code }) => ({ position: positions[position]!, code, isRetryable: false }));
    } catch (error) {
      onCall('retry', (performance.now() - startedMs) / 1000);
      return { kind: 'retry', code: error instanceof StoreFullError ? 'store_full' : messageOf(error).slice(0, 64) };
    }
    // OTLP bodies are no segment documents: they are shown, and stored by nobody yet.
    for (const { body, arrivedAtMs } of others) lines.write(body, wallTimeOf(arrivedAtMs));
    this.#lastSuccessMs = monotonicMs();
    const result: ExportResult = refused.length === 0 ? { kind: 'sent' } : { kind: 'partial', refused };
    onCall(result.kind, (performance.now() - startedMs) / 1000);
    return result;
  }
}
