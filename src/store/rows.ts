import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { FormatName } from '../trace/model.ts';

/** What a column holds, by name. */
interface Held {
  readonly number: number;
  readonly text: string;
  /** A value of the index. */
  readonly value: number | string;
  /** An aggregate over nothing is null. */
  readonly valueOrNull: number | string | null;
  /** Written by `Writer`, which has documents of known formats only. */
  readonly format: FormatName;
}

/** The columns of a statement, in the order of its SQL. */
export type Columns = Readonly<Record<string, keyof Held>>;
/** The same for a statement whose rows are arrays. */
export type Positions = readonly (keyof Held)[];

export type Row<C extends Columns | Positions> = {
  readonly [K in keyof C]: C[K] extends keyof Held ? Held[C[K]] : never;
};

type Params = readonly SQLInputValue[] | readonly [Readonly<Record<string, SQLInputValue>>];

/** A prepared statement that returns rows. */
export interface Rows<R> {
  get(...params: Params): R | undefined;
  all(...params: Params): R[];
  iterate(...params: Params): Iterable<R>;
}

/** Prepares a statement that stays, with the type of its rows. Throws an Error if its SQL has other columns. */
export function prepareRows<const C extends Columns>(database: DatabaseSync, columns: C, sql: string): Rows<Row<C>> {
  const statement = database.prepare(sql);
  checkColumns(statement, columns);
  return typed(statement);
}

/** The row of a statement that always returns one, such as an aggregate. */
export function onlyRow<R>(row: R | undefined): R {
  if (row === undefined) throw new Error('SQLite returned no row');
  return row;
}

/** SQLite's declared types, by what a column holds; a column of an expression has none. */
const DECLARED: Readonly<Record<keyof Held, readonly string[]>> = {
  number: ['INTEGER', 'REAL'],
  text: ['TEXT'],
  value: ['INTEGER', 'REAL', 'TEXT'],
  valueOrNull: ['INTEGER', 'REAL', 'TEXT'],
  format: ['TEXT'],
};

/** Compares the columns of a statement with their types; of positions, without names. */
export function checkColumns(statement: StatementSync, columns: Columns | Positions): void {
  const found = statement.columns();
  const wanted = Object.entries(columns);
  const hasNames = !Array.isArray(columns);
  const isSame = ([name, held]: [string, keyof Held], at: number): boolean => {
    const column = found[at];
    if (column === undefined || (hasNames && column.name !== name)) return false;
    return column.type === null || DECLARED[held].includes(column.type);
  };
  if (found.length === wanted.length && wanted.every(isSame)) return;
  const shown = found.map(({ name, type }) => (type === null ? name : `${name} ${type}`)).join(', ');
  throw new Error(`a statement returns the columns ${shown}, but its type has ${wanted.map(String).join(' ')}`);
}

/** Call `checkColumns` before. */
export function typed<R>(statement: StatementSync): Rows<R> {
  // Checked once per statement, not per row: rows are read as SQLite returns them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `checkColumns` has compared the columns
  return statement as unknown as Rows<R>;
}
