import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { documentRows } from './schema.ts';

export interface KnownDocument {
  readonly row: number;
  readonly isInProgress: boolean;
}

/** Entries that are kept, of all traces together: some 8 MB. */
const MAX_KEPT = 64 * 1024;
/** To read fewer documents again costs less than to keep them. */
const MIN_KEPT = 32;

/**
 * The documents that each trace has, by id. Those of large traces that grow are kept: to read all of a trace again with each of its documents
 * made the cost of a put grow with the trace.
 */
export class KnownDocuments {
  readonly #documents: StatementSync;
  /** The one last used is last. */
  readonly #kept = new Map<number, Map<string, KnownDocument>>();
  #entries = 0;

  constructor(database: DatabaseSync) {
    this.#documents = database.prepare('SELECT row, id, in_progress FROM document WHERE row >= ? AND row < ?');
  }

  /** Those of the trace at row `trace`; what is added to them has to be given to `keep`. */
  of(trace: number): Map<string, KnownDocument> {
    const kept = this.#kept.get(trace);
    if (kept !== undefined) {
      this.#kept.delete(trace);
      this.#entries -= kept.size;
      return kept;
    }
    const { first, last } = documentRows(trace);
    const rows = this.#documents.all(first, last);
    return new Map(rows.map(({ row, id, in_progress: inProgress }) => [id as string, { row: row as number, isInProgress: inProgress === 1 }]));
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

  /** What is kept is not what the file has, after a transaction was rolled back. */
  forget(): void {
    this.#kept.clear();
    this.#entries = 0;
  }
}
