import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { termsOf } from '../filter/terms.ts';
import { isRefusal, readDocument, type Refusal, type SegmentDocument } from '../trace/validate.ts';
import { isObject, numberOf } from '../trace/json.ts';
import type { Written } from './messages.ts';
import { Pruner } from './pruner.ts';

export interface WriterConfig {
  readonly maxBytes: number;
}

interface Arrival {
  readonly document: SegmentDocument;
  readonly body: string;
}

/** The writing side of the store. Synchronous: it has a thread of its own. */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #fields = new Map<string, number>();
  readonly #pruner: Pruner;
  readonly #findTrace: StatementSync;
  readonly #addTrace: StatementSync;
  readonly #changeTrace: StatementSync;
  readonly #putDocument: StatementSync;
  readonly #addField: StatementSync;
  readonly #addTerm: StatementSync;

  constructor(database: DatabaseSync, { maxBytes }: WriterConfig) {
    this.#database = database;
    this.#pruner = new Pruner(database, maxBytes);
    this.#findTrace = database.prepare('SELECT row, start, has_segment FROM trace WHERE id = ?');
    this.#addTrace = database.prepare('INSERT INTO trace (id, start, last_end, received, revision, bytes, has_segment) VALUES (?, ?, ?, ?, 1, ?, ?)');
    this.#changeTrace = database.prepare(
      'UPDATE trace SET start = ?, last_end = max(last_end, ?), received = max(received, ?), revision = revision + 1, bytes = bytes + ?, has_segment = ? WHERE row = ?',
    );
    this.#putDocument = database.prepare(
      `INSERT INTO document (trace, id, in_progress, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (trace, id) DO UPDATE SET in_progress = excluded.in_progress, body = excluded.body WHERE document.in_progress = 1`,
    );
    this.#addField = database.prepare('INSERT INTO field (name) VALUES (?)');
    this.#addTerm = database.prepare('INSERT OR IGNORE INTO term (field, value, trace) VALUES (?, ?, ?)');
    for (const { id, name } of database.prepare('SELECT id, name FROM field').all()) this.#fields.set(name as string, id as number);
  }

  /**
   * Stores what X-Ray would take of `texts`, all in one transaction; `receivedAt` in seconds since the epoch.
   * Throws what SQLite throws, such as for a full disk; then nothing is stored.
   */
  put(texts: readonly string[], receivedAt: number): Written {
    const refused: (Refusal & { position: number })[] = [];
    const byTrace = new Map<string, Arrival[]>();
    let bytes = 0;
    for (const [position, body] of texts.entries()) {
      bytes += body.length;
      const document = readDocument(body);
      if (isRefusal(document)) {
        refused.push({ ...document, position });
        continue;
      }
      const arrivals = byTrace.get(document.traceId);
      if (arrivals === undefined) byTrace.set(document.traceId, [{ document, body }]);
      else arrivals.push({ document, body });
    }
    const changed: string[] = [];
    this.#inTransaction(() => {
      for (const [id, arrivals] of byTrace) if (this.#putTrace(id, arrivals, receivedAt)) changed.push(id);
    });
    if (this.#pruner.isDue(bytes)) this.#inTransaction(() => this.#pruner.prune());
    return { refused, changed };
  }

  pin(traceId: string, isPinned: boolean): boolean {
    return this.#database.prepare('UPDATE trace SET pinned = ? WHERE id = ?').run(isPinned ? 1 : 0, traceId).changes === 1;
  }

  /** Removes every trace that is not pinned. */
  clear(): void {
    this.#inTransaction(() => this.#pruner.clear());
  }

  save(name: string, json: string): void {
    this.#database.prepare('INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(name, json);
  }

  /** What was saved, by name. */
  settings(): Record<string, string> {
    const rows = this.#database.prepare('SELECT name, value FROM setting').all();
    return Object.fromEntries(rows.map(({ name, value }) => [name as string, value as string]));
  }

  close(): void {
    this.#database.close();
  }

  #inTransaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite has rolled back by itself when the disk was full.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#fields.clear();
      for (const { id, name } of this.#database.prepare('SELECT id, name FROM field').all()) this.#fields.set(name as string, id as number);
      throw error;
    }
  }

  /** False when nothing new was in `arrivals`. */
  #putTrace(id: string, arrivals: readonly Arrival[], receivedAt: number): boolean {
    const found = this.#findTrace.get(id) as { row: number; start: number; has_segment: number } | undefined;
    let hasSegment = found?.has_segment === 1;
    let start = found?.start ?? Infinity;
    let end = 0;
    let bytes = 0;
    for (const { document, body } of arrivals) {
      bytes += body.length;
      end = Math.max(end, lastEndOf(document));
      const own = numberOf(document.json['start_time']) ?? 0;
      // The first segment's start counts, and subsegments' only while there is none.
      if (!document.isSubsegment && !hasSegment) start = Infinity;
      if (own > 0 && (!document.isSubsegment || !hasSegment)) start = Math.min(start, own);
      hasSegment ||= !document.isSubsegment;
    }
    if (start === Infinity) start = 0;
    const segment = hasSegment ? 1 : 0;
    const row = found?.row ?? Number(this.#addTrace.run(id, start, end, receivedAt, bytes, segment).lastInsertRowid);
    let isChanged = false;
    for (const { document, body } of arrivals) {
      if (this.#putDocument.run(row, document.id, document.isInProgress ? 1 : 0, body).changes === 0) continue;
      isChanged = true;
      for (const { field, value } of termsOf(document.json)) this.#addTerm.run(this.#fieldId(field), value, row);
    }
    if (found !== undefined && isChanged) this.#changeTrace.run(start, end, receivedAt, bytes, segment, row);
    return isChanged;
  }

  #fieldId(name: string): number {
    let id = this.#fields.get(name);
    if (id === undefined) {
      id = Number(this.#addField.run(name).lastInsertRowid);
      this.#fields.set(name, id);
    }
    return id;
  }
}

/** The latest end in a document, in seconds. The ends of nested subsegments count too. */
function lastEndOf({ json }: SegmentDocument): number {
  let last = numberOf(json['end_time']) ?? 0;
  const open: unknown[] = [json['subsegments']];
  for (let list = open.pop(); list !== undefined; list = open.pop()) {
    if (!Array.isArray(list)) continue;
    for (const child of list as unknown[]) {
      if (!isObject(child)) continue;
      last = Math.max(last, numberOf(child['end_time']) ?? 0);
      if (child['subsegments'] !== undefined) open.push(child['subsegments']);
    }
  }
  return last;
}
