import type { DatabaseSync } from 'node:sqlite';
import { GENERATIONS, termTable } from '../../src/store/schema.ts';

/** Rows of a table. */
export function countOf(database: DatabaseSync, table: string): number {
  return Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()!['rows']);
}

/** Rows of the index, in all of its tables. */
export function termsIn(database: DatabaseSync): number {
  return Array.from({ length: GENERATIONS }, (_, slot) => countOf(database, termTable(slot))).reduce(
    (sum, rows) => sum + rows,
    0,
  );
}
