import type { Logger } from '../pipeline/logger.ts';
import { otlpKindOf } from '../formats/otlp/otlp-body.ts';
import { StoreFullError } from './store-thread.ts';
import type { Store } from './store.ts';
import { isProblem, readAccessLog } from '../formats/access-log.ts';
import type { AttachedLines } from '../store/access-logs.ts';
import type { Written } from '../store/written.ts';
import type { FormatName, Refusal } from '../trace/model.ts';

export interface IngestDeps {
  readonly store: Pick<Store, 'write'>;
  readonly log: Logger;
  /** Called for each document that was stored, except imports. */
  readonly lines: { write(document: Uint8Array, arrivedAtMs: number, format: FormatName, isSampled: boolean): void };
  /** Called with the IDs of traces that have just changed. */
  readonly onChanged: (traceIds: readonly string[]) => void;
}

export interface PutOptions {
  /** Of all documents; `xray` by default. */
  readonly format?: FormatName;
  /** Whether AWS would keep them; true by default. */
  readonly isSampled?: boolean;
  /** Since the epoch. */
  readonly receivedAtMs: number;
  /** Traces that were recorded elsewhere: they are not printed. */
  readonly isImport: boolean;
}

/** Number of refused documents that are remembered for the findings of their traces. */
const MAX_REFUSALS = 1_000;

/** What AWS Distro for OpenTelemetry sends besides spans: logged, so that nobody looks for it here. */
const OTLP_REMEDY =
  'OTLP bodies were rejected: the local X-Ray keeps spans. Metrics, which AWS Distro for OpenTelemetry sends for Application Signals, are not kept';

/** The only entry into the store: for documents from UDP, from PutTraceSegments and from imports. */
export class Ingest {
  readonly #deps: IngestDeps;
  readonly #refusals: Refusal[] = [];
  #full: StoreFullError | undefined;

  constructor(deps: IngestDeps) {
    this.#deps = deps;
  }

  /** Why documents cannot be stored; undefined if they can. */
  get problem(): string | undefined {
    return this.#full === undefined ? undefined : `${this.#full.problem}: traces are not stored`;
  }

  /** What the last attempt to store failed with; undefined if there was space. */
  get fullError(): StoreFullError | undefined {
    return this.#full;
  }

  /** Recently refused documents of the trace. */
  refusalsOf(traceId: string): readonly Refusal[] {
    return this.#refusals.filter((refusal) => refusal.traceId === traceId);
  }

  /** Whether a refused document is an OTLP body instead of a segment document. */
  static isOtlp(documents: readonly Uint8Array[], { position }: { readonly position: number }): boolean {
    return otlpKindOf(documents[position]!) !== undefined;
  }

  #noteOtlp(documents: readonly Uint8Array[], { refused }: Written): void {
    const count = refused.filter((refusal) => Ingest.isOtlp(documents, refusal)).length;
    if (count > 0) this.#deps.log.limited('otlp', 'warn', { documents: count }, OTLP_REMEDY);
  }

  /**
   * Stores the documents that X-Ray would accept. If the store takes nothing, rejects with StoreFullError.
   */
  async put(
    documents: readonly Uint8Array[],
    { format = 'xray', isSampled = true, receivedAtMs, isImport }: PutOptions,
  ): Promise<Written> {
    const { store, log, lines, onChanged } = this.#deps;
    const packed = pack(documents);
    let written: Written;
    try {
      written = await store.write('put', { format, isSampled, ...packed, receivedAt: receivedAtMs / 1000 });
    } catch (error) {
      if (error instanceof StoreFullError) {
        this.#full = error;
        log.limited(
          'store_full',
          'error',
          { error: error.message },
          `${error.problem}: traces are not stored until ${error.until}`,
        );
      }
      throw error;
    }
    if (this.#full !== undefined) log.info({}, 'traces are stored again');
    this.#full = undefined;
    this.#noteOtlp(documents, written);
    this.#refusals.push(...written.refused);
    if (this.#refusals.length > MAX_REFUSALS) this.#refusals.splice(0, this.#refusals.length - MAX_REFUSALS);
    if (!isImport) {
      const refused = new Set(written.refused.map(({ position }) => position));
      const stored = refused.size === 0 ? documents : documents.filter((_, position) => !refused.has(position));
      for (const document of stored) lines.write(document, receivedAtMs, format, isSampled);
    }
    if (written.changed.length > 0) onChanged(written.changed);
    return written;
  }

  /**
   * Attaches lines of access logs to the stored traces that they name. `unreadable` counts texts that are not such lines
   * or name no trace. Rejects with StoreFullError if the store takes nothing.
   */
  async attachLines(lines: readonly string[]): Promise<AttachedLines & { readonly unreadable: number }> {
    const { store, onChanged } = this.#deps;
    const named = lines.flatMap((line) => {
      const view = readAccessLog(line);
      return isProblem(view) || view.traceId === undefined ? [] : [{ traceId: view.traceId, line }];
    });
    const attached = await store.write('attachLines', { lines: named });
    if (attached.changed.length > 0) onChanged(attached.changed);
    return { ...attached, unreadable: lines.length - named.length };
  }
}

const OWN_PAGES_BYTES = 256 * 1024;

/** Copies the documents one after the other into new memory. Adjacent documents, as in a chunk, are copied together. */
function pack(documents: readonly Uint8Array[]): { bytes: Uint8Array; ends: Uint32Array } {
  const ends = new Uint32Array(documents.length);
  let end = 0;
  for (let i = 0; i < documents.length; i++) ends[i] = end += documents[i]!.length;
  // A resizable buffer has its own pages, which the writing thread returns to the system at once.
  const bytes =
    end < OWN_PAGES_BYTES ? new Uint8Array(end) : new Uint8Array(new ArrayBuffer(end, { maxByteLength: end }), 0, end);
  for (let first = 0, next = 0; first < documents.length; first = next) {
    const { buffer, byteOffset, length } = documents[first]!;
    let runEnd = byteOffset + length;
    for (next = first + 1; next < documents.length; next++) {
      const document = documents[next]!;
      if (document.buffer !== buffer || document.byteOffset !== runEnd) break;
      runEnd += document.length;
    }
    bytes.set(new Uint8Array(buffer, byteOffset, runEnd - byteOffset), ends[first]! - length);
  }
  return { bytes, ends };
}
