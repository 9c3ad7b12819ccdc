import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { documentRows } from './schema.ts';

/** How much comes in between two looks at the size: so much, but never more than this share of the cap. */
const LOOK_BYTES = 3_000_000;
const LOOK_SHARE = 0.02;
/** Deleted while the store is over its cap, for each byte that came in. */
const BYTES_PER_BYTE = 2;
/** A turn deletes no more traces than this, so that no batch waits long. */
const MAX_TRACES = 5_000;
/** Down to this share of the cap, so that pruning is not always on. */
const LOW_WATER = 0.98;
/** Index rows that the sweep looks at for each KB that came in, and at most. */
const TERMS_PER_KB = 12;
const MAX_TERMS = 50_000;

/** Traces that stay. They are few, and have an index of their own. */
const PINNED = 'SELECT row FROM trace WHERE pinned = 1 ORDER BY row';

interface TermKey {
  readonly field: number;
  readonly value: string | number;
  readonly trace: number;
}

/**
 * Keeps the store below its cap: the traces that came first go first, a few with each batch, so that no batch waits long. Their rows in the
 * index mean nothing any more and are swept behind them, in the index's own order, which is several times cheaper than one by one.
 */
export class Pruner {
  readonly #database: DatabaseSync;
  readonly #maxBytes: number;
  readonly #pages: StatementSync;
  readonly #oldest: StatementSync;
  readonly #deleteDocuments: StatementSync;
  readonly #pinned: StatementSync;
  readonly #deleteTraces: StatementSync;
  readonly #nextTerm: StatementSync;
  readonly #sweep: StatementSync;
  readonly #deleteFields: StatementSync;
  readonly #pageBytes: number;
  #unseenBytes = 0;
  #isOver = false;
  #sweptTo: TermKey | undefined;
  #isSweeping = false;
  #lowestRow = 0;

  constructor(database: DatabaseSync, maxBytes: number) {
    this.#database = database;
    this.#maxBytes = maxBytes;
    this.#pageBytes = database.prepare('PRAGMA page_size').get()!['page_size'] as number;
    this.#pages = database.prepare('SELECT page_count - freelist_count AS used FROM pragma_page_count(), pragma_freelist_count()');
    this.#oldest = database.prepare('SELECT row, bytes FROM trace WHERE row >= ? AND pinned = 0 ORDER BY row LIMIT ?');
    this.#deleteDocuments = database.prepare('DELETE FROM document WHERE row >= ? AND row < ?');
    this.#pinned = database.prepare(PINNED);
    this.#deleteTraces = database.prepare('DELETE FROM trace WHERE row >= ? AND row <= ? AND pinned = 0');
    this.#nextTerm = database.prepare('SELECT field, value, trace FROM term WHERE (field, value, trace) > (?, ?, ?) LIMIT 1 OFFSET ?');
    this.#deleteFields = database.prepare('DELETE FROM field WHERE NOT EXISTS (SELECT 1 FROM term WHERE term.field = field.id)');
    this.#sweep = database.prepare(
      `DELETE FROM term WHERE (field, value, trace) > (?, ?, ?) AND (field, value, trace) <= (?, ?, ?)
       AND trace < ? AND trace NOT IN (${PINNED})`,
    );
  }

  /** Whether this batch, of `bytes`, should be followed by `prune`. */
  isDue(bytes: number): boolean {
    this.#unseenBytes += bytes;
    if (this.#unseenBytes > Math.min(LOOK_BYTES, this.#maxBytes * LOOK_SHARE)) {
      this.#unseenBytes = 0;
      this.#isOver = this.#usedBytes() > this.#maxBytes;
    }
    return this.#isOver || this.#isSweeping;
  }

  /** After `bytes` came in. True when names of fields are gone, too. */
  prune(bytes: number): boolean {
    if (this.#isOver) {
      this.#deleteOldest(bytes * BYTES_PER_BYTE);
      this.#isOver = this.#usedBytes() > this.#maxBytes * LOW_WATER;
    }
    return this.#isSweeping && this.#sweepOn(Math.min(MAX_TERMS, Math.ceil((bytes / 1000) * TERMS_PER_KB)));
  }

  clear(): void {
    this.#database.exec(`
      DELETE FROM term WHERE trace NOT IN (${PINNED});
      DELETE FROM trace WHERE pinned = 0;`);
    this.#deleteDocumentsOf(0, Number.MAX_SAFE_INTEGER);
  }

  /** From the first trace to the last, but for pinned ones. */
  #deleteDocumentsOf(first: number, last: number): void {
    let from = first;
    for (const { row } of this.#pinned.all()) {
      const pinned = row as number;
      if (pinned < from || pinned > last) continue;
      this.#deleteDocuments.run(documentRows(from).first, documentRows(pinned).first);
      from = pinned + 1;
    }
    this.#deleteDocuments.run(documentRows(from).first, Math.min(Number.MAX_SAFE_INTEGER, documentRows(last).last));
  }

  #usedBytes(): number {
    return (this.#pages.get()!['used'] as number) * this.#pageBytes;
  }

  #deleteOldest(bytes: number): void {
    let last: number | undefined;
    let freed = 0;
    for (const row of this.#oldest.iterate(this.#lowestRow, MAX_TRACES)) {
      last = row['row'] as number;
      freed += row['bytes'] as number;
      if (freed >= bytes) break;
    }
    if (last === undefined) return;
    this.#deleteDocumentsOf(this.#lowestRow, last);
    this.#deleteTraces.run(this.#lowestRow, last);
    this.#lowestRow = last + 1;
    this.#isSweeping = true;
  }

  /** True at the end of the index, when names that nothing has any more are gone: annotations may have any. */
  #sweepOn(terms: number): boolean {
    const from = this.#sweptTo ?? { field: -1, value: '', trace: 0 };
    const to = this.#nextTerm.get(from.field, from.value, from.trace, terms) as TermKey | undefined;
    const end = to ?? { field: Number.MAX_SAFE_INTEGER, value: '', trace: 0 };
    this.#sweep.run(from.field, from.value, from.trace, end.field, end.value, end.trace, this.#lowestRow);
    this.#sweptTo = to;
    if (to !== undefined) return false;
    // Once through; it begins again when the next traces are deleted.
    this.#isSweeping = false;
    return this.#deleteFields.run().changes > 0;
  }
}
