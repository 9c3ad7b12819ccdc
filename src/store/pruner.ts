import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { documentRows, PINNED } from './schema.ts';
import type { TermIndex } from './term-index.ts';

/** How much comes in between two looks at the size: so much, but never more than this share of the cap. */
const LOOK_BYTES = 3_000_000;
const LOOK_SHARE = 0.02;
/** Deleted while the store is over its cap, for each byte that came in. */
const BYTES_PER_BYTE = 2;
/** A turn deletes no more traces than this, so that no batch waits long. */
const MAX_TRACES = 5_000;
/** Down to this share of the cap, so that pruning is not always on. */
const LOW_WATER = 0.98;

/** Nothing was stored: the store is full of what nobody wants to be removed. */
export class FullOfPinnedError extends Error {
  constructor() {
    super('pinned traces take up the whole store: unpin some, or raise --data-size');
  }
}

/**
 * Keeps the store below its cap: the traces that came first go first, a few with each batch, so that no batch waits long. Their rows in the
 * index go when all that share a table with them are gone.
 */
export class Pruner {
  readonly #database: DatabaseSync;
  readonly #index: TermIndex;
  readonly #maxBytes: number;
  readonly #pages: StatementSync;
  readonly #oldest: StatementSync;
  readonly #deleteDocuments: StatementSync;
  readonly #pinned: StatementSync;
  readonly #unpinnedBytes: StatementSync;
  readonly #deleteTraces: StatementSync;
  readonly #pageBytes: number;
  #unseenBytes = 0;
  #isOver = false;
  #isFullOfPinned = false;
  #lowestRow = 0;

  constructor(database: DatabaseSync, index: TermIndex, maxBytes: number) {
    this.#database = database;
    this.#index = index;
    this.#maxBytes = maxBytes;
    this.#pageBytes = database.prepare('PRAGMA page_size').get()!['page_size'] as number;
    this.#pages = database.prepare('SELECT page_count - freelist_count AS used FROM pragma_page_count(), pragma_freelist_count()');
    this.#oldest = database.prepare('SELECT row, bytes FROM trace WHERE row >= ? AND row < ? AND pinned = 0 ORDER BY row LIMIT ?');
    this.#deleteDocuments = database.prepare('DELETE FROM document WHERE row >= ? AND row < ?');
    this.#pinned = database.prepare(PINNED);
    this.#unpinnedBytes = database.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM trace WHERE pinned = 0');
    this.#deleteTraces = database.prepare('DELETE FROM trace WHERE row >= ? AND row <= ? AND pinned = 0');
  }

  /** Whether this batch, of `bytes`, should be followed by `prune`. */
  isDue(bytes: number): boolean {
    this.#unseenBytes += bytes;
    if (this.#unseenBytes > Math.min(LOOK_BYTES, this.#maxBytes * LOOK_SHARE)) {
      this.#unseenBytes = 0;
      this.#isOver = this.#usedBytes() > this.#maxBytes;
    }
    return this.#isOver;
  }

  /** Before something is put in. Throws FullOfPinnedError when it could only be removed again at once. */
  assertRoom(): void {
    if (this.#isFullOfPinned) throw new FullOfPinnedError();
  }

  /** After `bytes` came in, in traces before `firstNewRow` or from there on. Those from there on stay: somebody is told that they are stored. */
  prune(bytes: number, firstNewRow: number): void {
    const isAnyDeleted = this.#deleteOldest(bytes * BYTES_PER_BYTE, firstNewRow);
    this.#index.dropBelow(this.#lowestRow);
    const usedBytes = this.#usedBytes();
    this.#isOver = usedBytes > this.#maxBytes * LOW_WATER;
    this.#isFullOfPinned = !isAnyDeleted && usedBytes - (this.#unpinnedBytes.get()!['bytes'] as number) > this.#maxBytes;
  }

  /** Traces may be there again below where it is: one is no longer pinned, or a turn was rolled back. */
  startOver(): void {
    this.#lowestRow = 0;
    this.#isFullOfPinned = false;
  }

  clear(): void {
    this.#isFullOfPinned = false;
    this.#index.clear();
    this.#database.exec('DELETE FROM trace WHERE pinned = 0');
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

  /** False when there was nothing to delete. */
  #deleteOldest(bytes: number, firstNewRow: number): boolean {
    let last: number | undefined;
    let freed = 0;
    for (const row of this.#oldest.iterate(this.#lowestRow, firstNewRow, MAX_TRACES)) {
      last = row['row'] as number;
      freed += row['bytes'] as number;
      if (freed >= bytes) break;
    }
    if (last === undefined) return false;
    this.#deleteDocumentsOf(this.#lowestRow, last);
    this.#deleteTraces.run(this.#lowestRow, last);
    this.#lowestRow = last + 1;
    return true;
  }
}
