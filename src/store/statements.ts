import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { afterEvery, fullCollector } from '../pipeline/collector.ts';
import { checkColumns, typed, type Columns, type Positions, type Row, type Rows } from './rows.ts';

/**
 * Total length of the cached statements' texts. SQLite needs about twenty times as much for each, outside V8's heap. A
 * limit by number is not enough, since a filter with many branches is a statement of megabytes.
 */
export const KEPT_SQL_LENGTH = 128 * 1024;

/**
 * Caches prepared statements by their text, the most recently used. A statement that is only dropped keeps its memory
 * until V8 collects old garbage, of which V8 sees a few bytes. So each is closed.
 */
export class Statements {
  readonly #database: DatabaseSync;
  /** Most recently used last. */
  readonly #known = new Map<string, StatementSync>();
  #sqlLength = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** A statement that returns no rows that are read. Valid until the next call, which may close it. */
  of(sql: string): StatementSync {
    return this.#prepared(sql);
  }

  /** A statement that returns rows. Valid until the next call, which may close it. */
  rows<const C extends Columns>(columns: C, sql: string): Rows<Row<C>> {
    return typed(this.#prepared(sql, (statement) => checkColumns(statement, columns)));
  }

  /** The same with rows as arrays: for very many rows, that halves the work. */
  lists<const P extends Positions>(positions: P, sql: string): Rows<Row<P>> {
    const prepare = (statement: StatementSync): void => {
      checkColumns(statement, positions);
      statement.setReturnArrays(true);
    };
    return typed(this.#prepared(sql, prepare));
  }

  /** `prepare` is called for a new statement. */
  #prepared(sql: string, prepare?: (statement: StatementSync) => void): StatementSync {
    let statement = this.#known.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      prepare?.(statement);
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

/** Frees SQLite's memory of an unused statement. Before Node.js 26 only a garbage collection can do that. */
export function closeStatement(statement: StatementSync & { readonly close?: () => void }, sqlLength: number): void {
  if (statement.close === undefined) (collectAfter ??= afterEvery(KEPT_SQL_LENGTH, fullCollector()))(sqlLength);
  else statement.close();
}
