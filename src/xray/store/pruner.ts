import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How much comes in between two looks at the size: so much, but never more than this share of the cap. */
const LOOK_BYTES = 3_000_000;
const LOOK_SHARE = 0.02;
/** Traces deleted for one batch while the store is over its cap; more than come in with it. */
const TRACES_A_TURN = 100;
/** Down to this share of the cap, so that pruning is not always on. */
const LOW_WATER = 0.98;
/** Index rows looked at in one turn of the sweep. */
const TERMS_A_TURN = 2_000;

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
  readonly #deleteTrace: StatementSync;
  readonly #nextTerm: StatementSync;
  readonly #sweep: StatementSync;
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
    this.#oldest = database.prepare('SELECT row FROM trace WHERE pinned = 0 ORDER BY row LIMIT ?');
    this.#deleteDocuments = database.prepare('DELETE FROM document WHERE trace = ?');
    this.#deleteTrace = database.prepare('DELETE FROM trace WHERE row = ?');
    this.#nextTerm = database.prepare('SELECT field, value, trace FROM term WHERE (field, value, trace) > (?, ?, ?) LIMIT 1 OFFSET ?');
    this.#sweep = database.prepare(
      `DELETE FROM term WHERE (field, value, trace) > (?, ?, ?) AND (field, value, trace) <= (?, ?, ?)
       AND trace < ? AND trace NOT IN (SELECT row FROM trace WHERE pinned = 1)`,
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

  prune(): void {
    if (this.#isOver) {
      this.#deleteOldest();
      this.#isOver = this.#usedBytes() > this.#maxBytes * LOW_WATER;
    }
    if (this.#isSweeping) this.#sweepOn();
  }

  clear(): void {
    this.#database.exec(`
      DELETE FROM document WHERE trace IN (SELECT row FROM trace WHERE pinned = 0);
      DELETE FROM term WHERE trace NOT IN (SELECT row FROM trace WHERE pinned = 1);
      DELETE FROM trace WHERE pinned = 0;`);
  }

  #usedBytes(): number {
    return (this.#pages.get()!['used'] as number) * this.#pageBytes;
  }

  #deleteOldest(): void {
    const rows = this.#oldest.all(TRACES_A_TURN);
    for (const { row } of rows) {
      this.#deleteDocuments.run(row as number);
      this.#deleteTrace.run(row as number);
      this.#lowestRow = (row as number) + 1;
    }
    if (rows.length > 0) this.#isSweeping = true;
  }

  #sweepOn(): void {
    const from = this.#sweptTo ?? { field: -1, value: '', trace: 0 };
    const to = this.#nextTerm.get(from.field, from.value, from.trace, TERMS_A_TURN) as TermKey | undefined;
    const end = to ?? { field: Number.MAX_SAFE_INTEGER, value: '', trace: 0 };
    this.#sweep.run(from.field, from.value, from.trace, end.field, end.value, end.trace, this.#lowestRow);
    this.#sweptTo = to;
    // Once through; it begins again when the next traces are deleted.
    if (to === undefined) this.#isSweeping = false;
  }
}
