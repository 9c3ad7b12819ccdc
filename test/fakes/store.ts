import type { DatabaseSync } from 'node:sqlite';
import { GENERATIONS, termTable } from '../../src/store/schema.ts';
import type { Writer } from '../../src/store/writer.ts';
import type { Written } from '../../src/store/written.ts';

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

/** Stores X-Ray documents as one delivery. */
export function putTexts(writer: Writer, texts: Iterable<string>, receivedAt: number): Written {
  return writer.putAll([{ format: 'xray', texts, receivedAt }])[0]!;
}
