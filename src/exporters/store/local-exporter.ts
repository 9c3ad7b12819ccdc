import { monotonicMs, wallClockMs, wallTimeOf } from '../../pipeline/clock.ts';
import type { ComponentState } from '../../pipeline/component.ts';
import { countCall, type Counters } from '../../pipeline/counters.ts';
import type { Exporter, ExportResult, RefusedDocument } from '../../pipeline/exporter.ts';
import { messageOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import type { Batch, DocumentFormat } from '../../pipeline/segment.ts';
import type { FormatName } from '../../trace/model.ts';
import { otlpDocumentJson, partsOf } from '../../formats/otlp/documents.ts';
import { decodeOtlpBody } from '../../formats/otlp/decode-body.ts';
import { otlpKindOf } from '../../formats/otlp/otlp-body.ts';
import { writeTracesJson } from '../../formats/otlp/write-json.ts';
import type { ConsoleLines } from './console-lines.ts';
import { Ingest } from '../../threads/ingest.ts';
import { StoreFullError } from '../../threads/store-thread.ts';

export interface LocalExporterDeps {
  readonly ingest: Ingest;
  readonly lines: ConsoleLines;
  readonly log: Logger;
  readonly counters: Counters;
  /**
   * Called with documents that have been stored, in the format in which they were received, to forward them. Their
   * memory is reused afterwards.
   */
  readonly onStored?: ((documents: readonly Uint8Array[], format: DocumentFormat) => void) | undefined;
}

/** Exports documents to the store of the local X-Ray, and prints a line for each. */
export class LocalExporter implements Exporter {
  readonly name = 'exporter';
  readonly destination = 'the local store';
  readonly accepts = ['xray', 'otlp'] as const;
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
    const deliveries = deliveriesOf(batch);
    const refusals = new Map<number, RefusedDocument>();
    try {
      // What is stored when a later delivery fails is stored again, in the place of the first.
      for (const { format, isSampled, documents, positions } of deliveries) {
        const written = await ingest.put(documents, {
          format,
          isSampled,
          receivedAtMs: wallClockMs(),
          isImport: false,
        });
        for (const refusal of written.refused) {
          const position = positions[refusal.position]!;
          refusals.set(position, {
            position,
            code: refusal.code,
            id: refusal.id,
            message: refusal.message,
            isRetryable: false,
            ...(Ingest.isOtlp(documents, refusal) ? { rejectedAs: 'otlp' } : {}),
          });
        }
      }
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
    const refused = [...refusals.values()];
    for (const { position, rejectedAs } of refused) {
      const { chunk, start, end, arrivedAtMs } = batch[position]!;
      if (rejectedAs === 'otlp') lines.write(chunk.subarray(start, end), wallTimeOf(arrivedAtMs));
    }
    this.#forward(batch, refusals);
    this.#lastSuccessMs = monotonicMs();
    const result: ExportResult = refused.length === 0 ? { kind: 'sent' } : { kind: 'partial', refused };
    countCall(counters, result.kind, startedMs);
    return result;
  }

  #forward(batch: Batch, refusals: ReadonlyMap<number, unknown>): void {
    const { onStored } = this.#deps;
    if (onStored === undefined) return;
    for (const format of this.accepts) {
      const stored = batch.filter((document, position) => document.format === format && !refusals.has(position));
      if (stored.length > 0)
        onStored(
          stored.map(({ chunk, start, end }) => chunk.subarray(start, end)),
          format,
        );
    }
  }
}

/** Documents of one kind, as the store takes them, and the positions in the batch that they come from. */
interface Delivery {
  readonly format: FormatName;
  readonly isSampled: boolean;
  readonly documents: Uint8Array[];
  readonly positions: number[];
}

function deliveriesOf(batch: Batch): readonly Delivery[] {
  const xray = newDelivery('xray');
  const sampled = newDelivery('otlp');
  const unsampled = newDelivery('otlp', false);
  for (const [position, { chunk, start, end, format }] of batch.entries()) {
    const document = chunk.subarray(start, end);
    const otlp = otlpIn(document, format);
    if (otlp === undefined) add(xray, document, position);
    else for (const text of otlp.texts) add(otlp.isSampled ? sampled : unsampled, Buffer.from(text), position);
  }
  return [xray, sampled, unsampled].filter(({ documents }) => documents.length > 0);
}

function newDelivery(format: FormatName, isSampled = true): Delivery {
  return { format, isSampled, documents: [], positions: [] };
}

function add({ documents, positions }: Delivery, document: Uint8Array, position: number): void {
  documents.push(document);
  positions.push(position);
}

/**
 * The OTLP documents in a document: spans of one trace and resource each, in JSON, which is what the store keeps.
 * undefined if it is no OTLP, or has no spans.
 */
function otlpIn(
  document: Uint8Array,
  format: DocumentFormat,
): { readonly texts: readonly string[]; readonly isSampled: boolean } | undefined {
  if (format === 'otlp') {
    const text = otlpDocumentJson(document);
    return text === undefined ? undefined : { texts: [text], isSampled: true };
  }
  const kind = otlpKindOf(document);
  if (kind !== 'T1S' && kind !== 'T1U') return undefined;
  const decoded = decodeOtlpBody(document);
  if (!decoded.isDecoded || decoded.spans === 0) return undefined;
  return { texts: partsOf(decoded).map(writeTracesJson), isSampled: kind === 'T1S' };
}
