import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { onlyRow, prepareRows, type Rows } from './rows.ts';
import { documentRows, PINNED } from './schema.ts';
import type { LogTable } from './log-table.ts';
import type { TermIndex } from './term-index.ts';

/** Bytes written between two checks of the size, but never more than this share of the cap. */
const CHECK_BYTES = 3_000_000;
const CHECK_SHARE = 0.02;
/** Bytes deleted for each byte written while the store is over its cap. */
const BYTES_PER_BYTE = 2;
/** Maximum number of traces deleted in one turn, so that no batch waits long. */
const MAX_TRACES = 5_000;
/** Pruning stops at this share of the cap, so that it does not run all the time. */
const LOW_WATER = 0.98;

/** Nothing was stored: pinned traces fill the store, and nobody wants those removed. */
export class FullOfPinnedError extends Error {
  constructor() {
    super('pinned traces take up the whole store: unpin some, or raise --data-size');
  }
}

/**
 * Keeps the store below its cap: deletes the oldest traces, a few with each batch, so that no batch waits long. The
 * index rows of a trace are deleted once all traces in the same index table are.
 */
export class Pruner {
  readonly #database: DatabaseSync;
  readonly #index: TermIndex;
  readonly #logs: LogTable;
  readonly #maxBytes: number;
  readonly #pages: Rows<{ readonly used: number }>;
  readonly #oldest: Rows<{ readonly row: number; readonly bytes: number }>;
  readonly #deleteDocuments: StatementSync;
  readonly #deleteLines: StatementSync;
  readonly #pinned: Rows<{ readonly row: number }>;
  readonly #unpinnedBytes: Rows<{ readonly bytes: number }>;
  readonly #deleteTraces: StatementSync;
  readonly #pageBytes: number;
  #unseenBytes = 0;
  #isOver = false;
  #isFullOfPinned = false;
  #lowestRow = 0;

  constructor(
    database: DatabaseSync,
    { index, logs }: { readonly index: TermIndex; readonly logs: LogTable },
    maxBytes: number,
  ) {
    this.#database = database;
    this.#index = index;
    this.#logs = logs;
    this.#maxBytes = maxBytes;
    this.#pageBytes = onlyRow(prepareRows(database, { page_size: 'number' }, 'PRAGMA page_size').get()).page_size;
    this.#pages = prepareRows(
      database,
      { used: 'number' },
      'SELECT page_count - freelist_count AS used FROM pragma_page_count(), pragma_freelist_count()',
    );
    this.#oldest = prepareRows(
      database,
      { row: 'number', bytes: 'number' },
      'SELECT row, bytes FROM trace WHERE row >= ? AND row < ? AND pinned = 0 ORDER BY row LIMIT ?',
    );
    this.#deleteDocuments = database.prepare('DELETE FROM document WHERE row >= ? AND row < ?');
    this.#deleteLines = database.prepare('DELETE FROM access_log WHERE row >= ? AND row < ?');
    this.#pinned = prepareRows(database, { row: 'number' }, PINNED);
    this.#unpinnedBytes = prepareRows(
      database,
      { bytes: 'number' },
      'SELECT coalesce(sum(bytes), 0) AS bytes FROM trace WHERE pinned = 0',
    );
    this.#deleteTraces = database.prepare('DELETE FROM trace WHERE row >= ? AND row <= ? AND pinned = 0');
  }

  /** Whether this batch, of `bytes`, should be followed by `prune`. */
  isDue(bytes: number): boolean {
    this.#unseenBytes += bytes;
    if (this.#unseenBytes > Math.min(CHECK_BYTES, this.#maxBytes * CHECK_SHARE)) {
      this.#unseenBytes = 0;
      this.#isOver = this.#usedBytes() > this.#maxBytes;
    }
    return this.#isOver;
  }

  /** Call before storing. Throws FullOfPinnedError if new traces would have to be removed again at once. */
  assertNotFull(): void {
    if (this.#isFullOfPinned) throw new FullOfPinnedError();
  }

  /**
   * Call after `bytes` were stored. Keeps traces from `firstNewRow` on: their senders are told that they are stored.
   */
  prune(bytes: number, firstNewRow: number): void {
    const isAnyDeleted = this.#deleteOldest(bytes * BYTES_PER_BYTE, firstNewRow);
    this.#index.dropBelow(this.#lowestRow);
    if (!isAnyDeleted) this.#logs.clear();
    const usedBytes = this.#usedBytes();
    this.#isOver = usedBytes > this.#maxBytes * LOW_WATER;
    this.#isFullOfPinned = !isAnyDeleted && usedBytes - onlyRow(this.#unpinnedBytes.get()).bytes > this.#maxBytes;
  }

  /** Traces may exist again below the lowest row: one was unpinned, or a turn was rolled back. */
  startOver(): void {
    this.#lowestRow = 0;
    this.#isFullOfPinned = false;
  }

  clear(): void {
    this.#isFullOfPinned = false;
    this.#index.clear();
    this.#logs.clear();
    this.#database.exec('DELETE FROM trace WHERE pinned = 0');
    this.#deleteDocumentsOf(0, Number.MAX_SAFE_INTEGER);
  }

  /** Deletes the documents and log lines from the first trace to the last, except those of pinned traces. */
  #deleteDocumentsOf(first: number, last: number): void {
    let from = first;
    for (const { row: pinned } of this.#pinned.all()) {
      if (pinned < from || pinned > last) continue;
      this.#deleteRows(documentRows(from).first, documentRows(pinned).first);
      from = pinned + 1;
    }
    this.#deleteRows(documentRows(from).first, Math.min(Number.MAX_SAFE_INTEGER, documentRows(last).last));
  }

  #deleteRows(first: number, last: number): void {
    this.#deleteDocuments.run(first, last);
    this.#deleteLines.run(first, last);
  }

  #usedBytes(): number {
    return onlyRow(this.#pages.get()).used * this.#pageBytes;
  }

  /** False if there was nothing to delete. */
  #deleteOldest(bytes: number, firstNewRow: number): boolean {
    let last: number | undefined;
    let freed = 0;
    for (const { row, bytes: own } of this.#oldest.iterate(this.#lowestRow, firstNewRow, MAX_TRACES)) {
      last = row;
      freed += own;
      if (freed >= bytes) break;
    }
    if (last === undefined) return false;
    this.#deleteDocumentsOf(this.#lowestRow, last);
    this.#logs.deleteOf(this.#lowestRow, last);
    this.#deleteTraces.run(this.#lowestRow, last);
    this.#lowestRow = last + 1;
    return true;
  }
}
