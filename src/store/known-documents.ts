import type { DatabaseSync } from 'node:sqlite';
import { prepareRows, type Row, type Rows } from './rows.ts';
import { documentRows } from './schema.ts';

export interface KnownDocument {
  readonly row: number;
  readonly isInProgress: boolean;
}

/** Maximum number of cached entries, of all traces together: about 8 MB. */
const MAX_KEPT = 64 * 1024;
/** Traces with fewer documents are cheaper to read again than to cache. */
const MIN_KEPT = 32;

const DOCUMENT_ROW = { row: 'number', id: 'text', in_progress: 'number' } as const;

/**
 * The documents of each trace, by key (`TraceDocument.key`). Those of large, growing traces are cached: reading the whole trace for each new
 * document made the cost of a put grow with the trace.
 */
export class KnownDocuments {
  readonly #documents: Rows<Row<typeof DOCUMENT_ROW>>;
  /** Most recently used last. */
  readonly #kept = new Map<number, Map<string, KnownDocument>>();
  #entries = 0;

  constructor(database: DatabaseSync) {
    this.#documents = prepareRows(
      database,
      DOCUMENT_ROW,
      'SELECT row, id, in_progress FROM document WHERE row >= ? AND row < ?',
    );
  }

  /** The documents of the trace at row `trace`. The caller adds new ones and returns the map with `keep`. */
  of(trace: number): Map<string, KnownDocument> {
    const kept = this.#kept.get(trace);
    if (kept !== undefined) {
      this.#kept.delete(trace);
      this.#entries -= kept.size;
      return kept;
    }
    const { first, last } = documentRows(trace);
    const rows = this.#documents.all(first, last);
    return new Map(rows.map(({ row, id, in_progress: inProgress }) => [id, { row, isInProgress: inProgress === 1 }]));
  }

  keep(trace: number, documents: Map<string, KnownDocument>): void {
    if (documents.size < MIN_KEPT) return;
    this.#kept.set(trace, documents);
    this.#entries += documents.size;
    for (const [oldest, entries] of this.#kept) {
      if (this.#entries <= MAX_KEPT) return;
      this.#kept.delete(oldest);
      this.#entries -= entries.size;
    }
  }

  /** Clears the cache: after a rollback, it does not match the file. */
  forget(): void {
    this.#kept.clear();
    this.#entries = 0;
  }
}
