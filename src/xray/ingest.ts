import type { Logger } from '../pipeline/logger.ts';
import type { ConsoleLines } from './console-lines.ts';
import { StoreFullError, type Store } from './store/store.ts';
import type { Written } from './store/messages.ts';
import type { Refusal } from './trace/validate.ts';

export interface IngestDeps {
  readonly store: Pick<Store, 'write'>;
  readonly log: Logger;
  readonly lines: ConsoleLines;
  /** Ids of traces that have just changed. */
  readonly onChanged: (traceIds: readonly string[]) => void;
}

/** Refused documents remembered, for the findings of their traces. */
const MAX_REFUSALS = 1_000;

/** The one way into the store: for documents from UDP, from PutTraceSegments and from imports. */
export class Ingest {
  readonly #deps: IngestDeps;
  readonly #refusals: Refusal[] = [];
  #isFull = false;

  constructor(deps: IngestDeps) {
    this.#deps = deps;
  }

  /** What keeps documents from being stored; undefined when nothing does. */
  get problem(): string | undefined {
    return this.#isFull ? 'the disk is full: traces are not stored' : undefined;
  }

  /** Documents of the trace that were refused lately. */
  refusalsOf(traceId: string): readonly Refusal[] {
    return this.#refusals.filter((refusal) => refusal.traceId === traceId);
  }

  /** Stores what X-Ray would take; `receivedAtMs` since the epoch. Rejects with StoreFullError when the disk is full; then nothing was stored. */
  async put(documents: readonly Uint8Array[], receivedAtMs: number): Promise<Written> {
    const { store, log, lines, onChanged } = this.#deps;
    const ends = new Uint32Array(documents.length);
    let end = 0;
    for (const [i, document] of documents.entries()) ends[i] = end += document.length;
    const bytes = new Uint8Array(end);
    for (const [i, document] of documents.entries()) bytes.set(document, ends[i]! - document.length);
    let written: Written;
    try {
      written = await store.write('put', { bytes, ends, receivedAt: receivedAtMs / 1000 });
    } catch (error) {
      if (error instanceof StoreFullError) {
        this.#isFull = true;
        log.limited('store_full', 'error', { error: error.message }, 'the disk is full: traces are not stored until there is room again');
      }
      throw error;
    }
    if (this.#isFull) log.info({}, 'there is room again: traces are stored');
    this.#isFull = false;
    this.#refusals.push(...written.refused);
    if (this.#refusals.length > MAX_REFUSALS) this.#refusals.splice(0, this.#refusals.length - MAX_REFUSALS);
    const refused = new Set(written.refused.map(({ position }) => position));
    for (const [position, document] of documents.entries()) if (!refused.has(position)) lines.write(document, receivedAtMs);
    if (written.changed.length > 0) onChanged(written.changed);
    return written;
  }
}
