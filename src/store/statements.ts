import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { everyBytes, fullCollector } from '../pipeline/collector.ts';

/**
 * Of the texts of the statements that are kept. SQLite needs some twenty times as much for each, outside of V8's heap: to be bounded in number is not
 * enough, since a filter with many branches is a statement of megabytes.
 */
export const KEPT_SQL_LENGTH = 128 * 1024;

/**
 * Prepared statements by their text, those last used. A statement that is merely forgotten keeps its memory until V8 collects old garbage, of which it sees
 * a few bytes: so each is closed.
 */
export class Statements {
  readonly #database: DatabaseSync;
  readonly #isList: boolean;
  /** The one last used is last. */
  readonly #known = new Map<string, StatementSync>();
  #sqlLength = 0;

  /** `isList`: rows are lists, by position, and not objects. */
  constructor(database: DatabaseSync, { isList = false }: { isList?: boolean } = {}) {
    this.#database = database;
    this.#isList = isList;
  }

  /** Good until the next call, which may close it. */
  of(sql: string): StatementSync {
    let statement = this.#known.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      if (this.#isList) statement.setReturnArrays(true);
      this.#sqlLength += sql.length;
    } else {
      this.#known.delete(sql);
    }
    this.#known.set(sql, statement);
    for (const [oldest, unused] of this.#known) {
      if (this.#sqlLength <= KEPT_SQL_LENGTH || unused === statement) break;
      this.#known.delete(oldest);
      this.#sqlLength -= oldest.length;
      closeStatement(unused, oldest.length);
    }
    return statement;
  }
}

let collectAfter: ((sqlLength: number) => void) | undefined;

/** Gives back SQLite's memory of a statement that nobody uses any more. Node.js before 26 can do so only by a collection of garbage. */
export function closeStatement(statement: StatementSync & { readonly close?: () => void }, sqlLength: number): void {
  if (statement.close === undefined) (collectAfter ??= everyBytes(KEPT_SQL_LENGTH, fullCollector()))(sqlLength);
  else statement.close();
}
