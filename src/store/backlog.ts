import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { indexedText } from '../filter/text.ts';
import type { TraceDocument } from '../trace/model.ts';
import { headAfter, headValues, SET_HEAD } from './head.ts';
import type { TermIndex } from './term-index.ts';

/** Each turn reads about this many bytes of documents, which takes some 10 ms, so that no batch waits long. */
const BYTES_A_TURN = 300_000;
const TRACES_A_TURN = 500;

/**
 * Traces in a file of an earlier xrayd, without index texts and without heads. These are added a few at a time while the store is in use, newest
 * traces first.
 */
export class Backlog {
  readonly #index: TermIndex;
  readonly #documentsOf: (trace: number) => TraceDocument[];
  readonly #setHead: StatementSync;
  readonly #next: StatementSync;
  readonly #below: StatementSync;
  readonly #move: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync, index: TermIndex, documentsOf: (trace: number) => TraceDocument[]) {
    this.#index = index;
    this.#documentsOf = documentsOf;
    this.#setHead = database.prepare(SET_HEAD);
    this.#below = database.prepare('SELECT below FROM backlog');
    this.#next = database.prepare('SELECT row, bytes FROM trace WHERE row < ? ORDER BY row DESC LIMIT ?');
    this.#move = database.prepare('UPDATE backlog SET below = ?');
    this.#end = database.prepare('DELETE FROM backlog');
  }

  /** Adds some, inside the caller's transaction. Returns false when all are done. */
  addSome(): boolean {
    const { below } = this.#below.get() ?? {};
    if (below === undefined) return false;
    let last: number | undefined;
    let left = BYTES_A_TURN;
    for (const { row, bytes } of this.#next.all(below, TRACES_A_TURN)) {
      last = row as number;
      const documents = this.#documentsOf(last);
      for (const document of documents) this.#index.addText(last, indexedText(document));
      const head = headAfter(undefined, documents);
      if (head !== undefined) this.#setHead.run(...headValues(head), last);
      left -= bytes as number;
      if (left <= 0) break;
    }
    this.#index.writeTexts();
    if (last === undefined) this.#end.run();
    else this.#move.run(last);
    return last !== undefined;
  }
}
