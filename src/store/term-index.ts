import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Term } from '../filter/terms.ts';
import { onlyRow } from './rows.ts';
import { createTextTable, GENERATIONS, PINNED, termTable, textTable } from './schema.ts';
import { closeStatement, type Statements } from './statements.ts';

/**
 * Field names are kept in memory, and anybody may invent annotation names. Beyond the limit, new ones are not indexed
 * until old ones are gone.
 */
const MAX_FIELDS = 50_000;

/** Size of a generation in bytes of documents: a share of the cap, but at least the second value. */
const GENERATION_SHARE = 1 / 48;
const MIN_GENERATION_BYTES = 64 * 1024;

/** Index rows per statement: a call of SQLite costs as much as inserting a row. */
const ROWS_AT_ONCE = 8;

/** Traces from row `first` up to the next generation's first have their index rows in the table of `slot`. */
interface Generation {
  readonly slot: number;
  readonly first: number;
  readonly add: StatementSync;
  /** Adds `ROWS_AT_ONCE` rows. */
  readonly addSome: StatementSync;
  readonly addText: StatementSync;
  /** Call when the generation is no longer used. */
  readonly close: () => void;
}

interface IndexedField {
  readonly id: number;
  /** `first` of the newest generation that has the field. */
  last: number;
}

interface IndexRow {
  /** Index in `#generations`. */
  readonly at: number;
  readonly value: string | number;
  readonly trace: number;
}

/**
 * The writing side of the index: the terms of each trace, in generations of consecutive traces, each with its own
 * table. New rows go into a table small enough for the cache. When all traces of the oldest generation are deleted, its
 * table is emptied as a whole.
 * Until then it may contain rows of deleted traces.
 */
export class TermIndex {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #generationBytes: number;
  readonly #fields = new Map<string, IndexedField>();
  readonly #addField: StatementSync;
  readonly #moveField: StatementSync;
  /** Oldest first; never empty. */
  #generations: Generation[] = [];
  /** Bytes of the documents in the newest generation. */
  #newestBytes = 0;
  /** Index rows of the current transaction, by field. */
  readonly #rows = new Map<number, IndexRow[]>();
  /** Texts of the current transaction. */
  #texts: { readonly trace: number; text: string }[] = [];
  readonly #textOf: (trace: number) => string;

  /** `textOf` returns the text of a stored trace: it cannot be read from the index. */
  constructor(database: DatabaseSync, statements: Statements, maxBytes: number, textOf: (trace: number) => string) {
    this.#database = database;
    this.#statements = statements;
    this.#textOf = textOf;
    this.#generationBytes = Math.max(MIN_GENERATION_BYTES, maxBytes * GENERATION_SHARE);
    this.#addField = database.prepare('INSERT INTO field (name, last) VALUES (?, ?)');
    this.#moveField = database.prepare('UPDATE field SET last = ? WHERE id = ?');
    this.load();
  }

  /** A new trace may not get a row below this one. */
  get newestFirst(): number {
    return this.#newest.first;
  }

  /** Loads the state in memory from the file. */
  load(): void {
    this.#rows.clear();
    this.#texts = [];
    const rows = this.#statements
      .rows({ slot: 'number', first: 'number' }, 'SELECT slot, first FROM generation ORDER BY first')
      .all();
    if (rows.length === 0) throw new Error('its index has no generation');
    const before = this.#generations;
    this.#generations = rows.map(({ slot, first }) => this.#generation(slot, first));
    for (const { close } of before) close();
    const known = this.#statements
      .rows({ bytes: 'number' }, 'SELECT total(bytes) AS bytes FROM trace WHERE row >= ?')
      .get(this.newestFirst);
    this.#newestBytes = onlyRow(known).bytes;
    this.#loadFields();
  }

  /** Adds terms of a trace; `write` writes them. */
  add(trace: number, terms: readonly Term[]): void {
    const at = this.#placeOf(trace);
    for (const { field, value } of terms) {
      const id = this.#fieldId(field, this.#generations[at]!.first);
      if (id === undefined) continue;
      const rows = this.#rows.get(id);
      const row = { at, value, trace };
      if (rows === undefined) this.#rows.set(id, [row]);
      else rows.push(row);
    }
  }

  /** Adds text to a trace; `write` or `writeTexts` writes it. */
  addText(trace: number, text: string): void {
    const last = this.#texts.at(-1);
    if (last?.trace === trace) last.text += `\n${text}`;
    else this.#texts.push({ trace, text });
  }

  /** FTS5 sorts texts that are inserted in the order of rows; each text out of order starts a new file. */
  writeTexts(): void {
    const texts = this.#texts.sort((a, b) => a.trace - b.trace);
    this.#texts = [];
    for (let i = 0; i < texts.length; i++) {
      const { trace } = texts[i]!;
      let { text } = texts[i]!;
      while (texts[i + 1]?.trace === trace) text += `\n${texts[++i]!.text}`;
      this.#generations[this.#placeOf(trace)]!.addText.run(trace, text);
    }
  }

  /**
   * Writes what was added, from documents of `bytes`. If the newest generation is full, begins another with the trace
   * at `nextRow`.
   */
  write(bytes: number, nextRow: number): void {
    // In the order of the tables, so that neighbours share a page.
    for (const [field, rows] of this.#rows) this.#writeRows(field, rows.sort(byIndexOrder));
    this.#rows.clear();
    this.writeTexts();
    this.#newestBytes += bytes;
    if (this.#newestBytes >= this.#generationBytes && nextRow > this.newestFirst) this.#begin(nextRow);
  }

  #writeRows(field: number, rows: readonly IndexRow[]): void {
    for (let i = 0; i < rows.length;) {
      const { at, value, trace } = rows[i]!;
      const { add, addSome } = this.#generations[at]!;
      if (rows[i + ROWS_AT_ONCE - 1]?.at === at) {
        const params: (string | number)[] = [];
        for (const end = i + ROWS_AT_ONCE; i < end; i++) params.push(field, rows[i]!.value, rows[i]!.trace);
        addSome.run(...params);
      } else {
        add.run(field, value, trace);
        i++;
      }
    }
  }

  /**
   * Call after all traces below `row`, except pinned ones, are deleted: moves pinned traces' index rows up to the
   * oldest generation that stays.
   */
  dropBelow(row: number): void {
    for (;;) {
      const [oldest, next] = this.#generations;
      if (oldest === undefined || next === undefined || next.first > row) return;
      if (this.#hasPinnedBelow(next.first)) {
        this.#database.exec(
          `INSERT OR IGNORE INTO ${termTable(next.slot)} SELECT field, value, trace FROM ${termTable(oldest.slot)} WHERE trace IN (${PINNED})`,
        );
      }
      this.#database.exec(
        `DELETE FROM ${termTable(oldest.slot)}; DROP TABLE ${textTable(oldest.slot)}; DELETE FROM generation WHERE slot = ${oldest.slot}`,
      );
      this.#generations.shift();
      oldest.close();
      this.#addPinnedTexts(next.first);
      this.#dropFields(next.first, next.slot);
    }
  }

  /** Keeps only pinned traces. */
  clear(): void {
    this.dropBelow(this.newestFirst);
    const { slot } = this.#newest;
    // Without a condition, SQLite empties the table as a whole.
    this.#database.exec(
      `DELETE FROM ${termTable(slot)} ${this.#hasPinnedBelow(Infinity) ? `WHERE trace NOT IN (${PINNED})` : ''}`,
    );
    this.#database.exec(`DROP TABLE ${textTable(slot)}; ${createTextTable(slot)}`);
    const before = this.#newest;
    this.#generations = [this.#generation(slot, before.first)];
    before.close();
    this.#addPinnedTexts(Infinity);
    this.#dropFields(Infinity, slot);
    this.#newestBytes = 0;
  }

  get #newest(): Generation {
    return this.#generations.at(-1)!;
  }

  #generation(slot: number, first: number): Generation {
    const opened: (() => void)[] = [];
    const prepare = (sql: string): StatementSync => {
      const statement = this.#database.prepare(sql);
      opened.push(() => closeStatement(statement, sql.length));
      return statement;
    };
    const addSql = `INSERT OR IGNORE INTO ${termTable(slot)} (field, value, trace) VALUES (?, ?, ?)`;
    return {
      slot,
      first,
      add: prepare(addSql),
      addSome: prepare(addSql + ', (?, ?, ?)'.repeat(ROWS_AT_ONCE - 1)),
      addText: prepare(`INSERT INTO ${textTable(slot)} (rowid, body) VALUES (?, ?)`),
      close: () => {
        for (const each of opened) each();
      },
    };
  }

  #placeOf(trace: number): number {
    for (let at = this.#generations.length - 1; at > 0; at--) if (this.#generations[at]!.first <= trace) return at;
    return 0;
  }

  /** If no table is free, the newest generation keeps growing. */
  #begin(first: number): void {
    const used = new Set(this.#generations.map(({ slot }) => slot));
    for (let slot = 0; slot < GENERATIONS; slot++) {
      if (used.has(slot)) continue;
      this.#statements.of('INSERT INTO generation (slot, first) VALUES (?, ?)').run(slot, first);
      this.#database.exec(createTextTable(slot));
      this.#generations.push(this.#generation(slot, first));
      this.#newestBytes = 0;
      return;
    }
  }

  #addPinnedTexts(below: number): void {
    for (const { row } of this.#statements.rows({ row: 'number' }, PINNED).all())
      if (row < below) this.addText(row, this.#textOf(row));
    this.writeTexts();
  }

  #hasPinnedBelow(row: number): boolean {
    const sql = 'SELECT row FROM trace WHERE pinned = 1 AND row < ? LIMIT 1';
    return this.#statements.rows({ row: 'number' }, sql).get(row) !== undefined;
  }

  /**
   * Deletes unused names, since annotations may have any name: those that only traces below `first` had and the oldest
   * table does not have.
   */
  #dropFields(first: number, slot: number): void {
    const statement = this.#statements.of(
      `DELETE FROM field WHERE last < ? AND NOT EXISTS (SELECT 1 FROM ${termTable(slot)} AS term WHERE term.field = field.id)`,
    );
    if (statement.run(first).changes > 0) this.#loadFields();
  }

  #loadFields(): void {
    this.#fields.clear();
    const fields = this.#statements.rows(
      { id: 'number', name: 'text', last: 'number' },
      'SELECT id, name, last FROM field',
    );
    for (const { id, name, last } of fields.all()) this.#fields.set(name, { id, last });
  }

  #fieldId(name: string, first: number): number | undefined {
    const known = this.#fields.get(name);
    if (known === undefined) {
      if (this.#fields.size >= MAX_FIELDS) return undefined;
      const id = Number(this.#addField.run(name, first).lastInsertRowid);
      this.#fields.set(name, { id, last: first });
      return id;
    }
    if (known.last < first) {
      this.#moveField.run(first, known.id);
      known.last = first;
    }
    return known.id;
  }
}

function byIndexOrder(a: IndexRow, b: IndexRow): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.value === b.value) return a.trace - b.trace;
  return a.value < b.value ? -1 : 1;
}
