import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { ReadBudget } from '../../src/query/read-budget.ts';
import { Reader } from '../../src/store/reader.ts';
import { GENERATIONS, openToRead, openToWrite, termTable } from '../../src/store/schema.ts';
import { Writer } from '../../src/store/writer.ts';
import type { Written } from '../../src/store/written.ts';
import type { Scope } from './scope.ts';

interface OpenedStore {
  readonly database: DatabaseSync;
  readonly writer: Writer;
  readonly reader: Reader;
}

/** Both sides of a store, in a new file by default. */
export function openStore(
  scope: Scope,
  {
    file = join(scope.folder(), 'traces.db'),
    maxBytes = 1e9,
    budget,
  }: { readonly file?: string; readonly maxBytes?: number; readonly budget?: ReadBudget | undefined } = {},
): OpenedStore {
  const database = openToWrite({ file, isTemporary: true });
  const writer = new Writer(database, { maxBytes });
  const reader = new Reader(openToRead(file), { budget });
  scope.add(() => writer.close());
  scope.add(() => reader.close());
  return { database, writer, reader };
}

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
