import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TermIndex } from './term-index.ts';

/** A turn reads about this many bytes of documents, some 10 ms, so that no batch waits long. */
const BYTES_A_TURN = 300_000;
const TRACES_A_TURN = 500;

/**
 * The traces of a file that an earlier xrayd wrote, whose texts are not in the index: they are added a few at a time while the store is in use, the
 * newest first.
 */
export class TextBacklog {
  readonly #index: TermIndex;
  readonly #textOf: (trace: number) => string;
  readonly #next: StatementSync;
  readonly #below: StatementSync;
  readonly #move: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync, index: TermIndex, textOf: (trace: number) => string) {
    this.#index = index;
    this.#textOf = textOf;
    this.#below = database.prepare('SELECT below FROM text_backlog');
    this.#next = database.prepare('SELECT row, bytes FROM trace WHERE row < ? ORDER BY row DESC LIMIT ?');
    this.#move = database.prepare('UPDATE text_backlog SET below = ?');
    this.#end = database.prepare('DELETE FROM text_backlog');
  }

  /** Adds some, inside the caller's transaction. False when there are no more. */
  addSome(): boolean {
    const { below } = this.#below.get() ?? {};
    if (below === undefined) return false;
    let last: number | undefined;
    let left = BYTES_A_TURN;
    for (const { row, bytes } of this.#next.all(below, TRACES_A_TURN)) {
      last = row as number;
      this.#index.addText(last, this.#textOf(last));
      left -= bytes as number;
      if (left <= 0) break;
    }
    this.#index.writeTexts();
    if (last === undefined) this.#end.run();
    else this.#move.run(last);
    return last !== undefined;
  }
}
