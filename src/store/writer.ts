import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { termsOf } from '../filter/terms.ts';
import { indexedText } from '../filter/text.ts';
import { DamagedDocumentError, FORMATS, storedDocument, type ReceivedDocument } from '../formats/formats.ts';
import type { FormatName, Refusal, TraceDocument } from '../trace/model.ts';
import { isRefusal, traceFullRefusal } from '../trace/refusal.ts';
import { headAfter, headValues, SET_HEAD } from './head.ts';
import { LogTable, type LogText } from './log-table.ts';
import type { Written } from './written.ts';
import { AccessLogs, type AttachedLines, type LogLine } from './access-logs.ts';
import { Pruner } from './pruner.ts';
import { KnownDocuments, type KnownDocument } from './known-documents.ts';
import { ParsedValues } from './readable.ts';
import { BYTES_A_TRACE, DOCUMENTS_A_TRACE, documentRows } from './schema.ts';
import { onlyRow, prepareRows, type Row, type Rows } from './rows.ts';
import { Statements } from './statements.ts';
import { TermIndex } from './term-index.ts';
import { timesOf } from './times.ts';

export interface WriterConfig {
  readonly maxBytes: number;
  /** Called within a put when documents with very many values are no longer needed, and more of them follow. */
  readonly onValuesFreed?: () => void;
}

interface PlacedDocument extends ReceivedDocument {
  readonly document: TraceDocument;
  /** Index in the delivery. */
  readonly position: number;
}

type Refused = Refusal & { readonly position: number };

/**
 * A version with another start time changes the start of its trace: then at most this many documents are read again.
 */
const MAX_RESTART = 1_000;
/** SQLite's value for a file that need not survive. */
const SYNCHRONOUS_OFF = 0;

/** Documents that arrived together; `receivedAt` is in seconds since the epoch. */
export interface Delivery {
  readonly format: FormatName;
  /** Whether AWS would keep them; true by default. */
  readonly isSampled?: boolean;
  /** Iterated once, and once more if the transaction fails. */
  readonly texts: Iterable<string>;
  readonly receivedAt: number;
}

/** The writing side of the store. Synchronous, because it has its own thread. */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #index: TermIndex;
  readonly #logs: LogTable;
  readonly #pruner: Pruner;
  readonly #accessLogs: AccessLogs;
  /** Row of the next new trace. */
  #nextRow = 1;
  /** Of what is stored. */
  readonly values = new ParsedValues();
  readonly #findTrace: Rows<FoundTrace>;
  readonly #addTrace: StatementSync;
  readonly #changeTrace: StatementSync;
  readonly #setHead: StatementSync;
  readonly #known: KnownDocuments;
  readonly #documents: Rows<ReceivedDocument>;
  readonly #addDocument: StatementSync;
  readonly #replaceDocument: StatementSync;
  readonly #onValuesFreed: () => void;

  constructor(database: DatabaseSync, { maxBytes, onValuesFreed = () => {} }: WriterConfig) {
    this.#database = database;
    this.#onValuesFreed = onValuesFreed;
    this.#statements = new Statements(database);
    this.#findTrace = prepareRows(
      database,
      FOUND_TRACE,
      'SELECT row, start, bytes, documents, has_segment, head_kind, head_start FROM trace WHERE id = ?',
    );
    this.#addTrace = database.prepare(
      'INSERT INTO trace (row, id, start, last_end, received, revision, bytes, documents, has_segment, unsampled, head_kind, head_start, is_open, name, status) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#changeTrace = database.prepare(
      'UPDATE trace SET start = ?, last_end = max(last_end, ?), received = max(received, ?), revision = revision + 1, bytes = bytes + ?, documents = ?, has_segment = ?, unsampled = min(unsampled, ?) WHERE row = ?',
    );
    this.#setHead = database.prepare(SET_HEAD);
    this.#known = new KnownDocuments(database);
    this.#documents = prepareRows(
      database,
      { format: 'format', body: 'text' },
      'SELECT format, body FROM document WHERE row >= ? AND row < ?',
    );
    this.#index = new TermIndex(database, this.#statements, maxBytes, (trace) => this.#textOf(trace));
    this.#logs = new LogTable(database, maxBytes);
    this.#pruner = new Pruner(database, { index: this.#index, logs: this.#logs }, maxBytes);
    this.#accessLogs = new AccessLogs(database);
    this.#addDocument = database.prepare(
      'INSERT INTO document (row, id, in_progress, format, body) VALUES (?, ?, ?, ?, ?)',
    );
    this.#replaceDocument = database.prepare('UPDATE document SET in_progress = ?, format = ?, body = ? WHERE row = ?');
    this.#findNextRow();
  }

  /**
   * Stores the documents that X-Ray would accept from each delivery, all in one transaction: the more deliveries, the
   * less each costs.
   * Throws SQLite's error, such as for a full disk, and FullOfPinnedError; in both cases nothing is stored.
   */
  putAll(deliveries: readonly Delivery[]): Written[] {
    this.#pruner.assertNotFull();
    const firstNewRow = this.#nextRow;
    let bytes = 0;
    const written = this.#inTransaction(() => {
      const each = deliveries.map((delivery) => {
        const put = this.#put(delivery);
        bytes += put.bytes;
        return put.written;
      });
      this.#index.write(bytes, this.#nextRow);
      return each;
    });
    this.#pruneAfter(bytes, firstNewRow);
    return written;
  }

  #put({ format, texts, receivedAt, isSampled = true }: Delivery): { written: Written; bytes: number } {
    const refused: Refused[] = [];
    const changed = new Set<string>();
    const byTrace = new Map<string, PlacedDocument[]>();
    const putTraces = (): void => {
      for (const [id, arrivals] of byTrace)
        if (this.#putTrace(id, arrivals, { receivedAt, isSampled }, refused)) changed.add(id);
      byTrace.clear();
    };
    let bytes = 0;
    let count = 0;
    for (const body of texts) {
      const position = count++;
      bytes += body.length;
      if (!this.values.add(body)) {
        putTraces();
        this.#onValuesFreed();
      }
      const document = FORMATS[format].read(body);
      if (isRefusal(document)) {
        refused.push({ ...document, position });
        continue;
      }
      const arrivals = byTrace.get(document.traceId);
      if (arrivals === undefined) byTrace.set(document.traceId, [{ document, format, body, position }]);
      else arrivals.push({ document, format, body, position });
    }
    putTraces();
    return { written: { refused, changed: [...changed] }, bytes };
  }

  /** Stores log records of traces, and returns how many are kept. Throws like `putAll`. */
  putLogs(logs: readonly LogText[]): number {
    this.#pruner.assertNotFull();
    const kept = this.#inTransaction(() => this.#logs.put(logs));
    this.#pruneAfter(logs.reduce((sum, { text }) => sum + text.length, 0));
    return kept;
  }

  /** Attaches lines of access logs to the stored traces that they name. Throws FullOfPinnedError, like `putAll`. */
  attachLines(lines: readonly LogLine[]): AttachedLines {
    this.#pruner.assertNotFull();
    const result = this.#inTransaction(() => this.#accessLogs.attach(lines));
    this.#pruneAfter(lines.reduce((sum, { line }) => sum + line.length, 0));
    return result;
  }

  pin(traceId: string, isPinned: boolean): boolean {
    if (!isPinned) this.#pruner.startOver();
    return this.#statements.of('UPDATE trace SET pinned = ? WHERE id = ?').run(isPinned ? 1 : 0, traceId).changes === 1;
  }

  /** Removes all traces except pinned ones. */
  clear(): void {
    this.#inTransaction(() => this.#pruner.clear());
  }

  /**
   * Saves JSON by name: all values or none. In a permanent file, unlike traces, they survive a power loss: somebody was
   * told that they are set.
   */
  save(values: Readonly<Record<string, string>>): void {
    const put =
      'INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';
    const { synchronous } = onlyRow(this.#statements.rows({ synchronous: 'number' }, 'PRAGMA synchronous').get());
    if (synchronous !== SYNCHRONOUS_OFF) this.#database.exec('PRAGMA synchronous = FULL');
    try {
      this.#inTransaction(() => {
        for (const [name, json] of Object.entries(values)) this.#statements.of(put).run(name, json);
      });
    } finally {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
    }
  }

  /** All saved values, by name. */
  settings(): Record<string, string> {
    const rows = this.#statements.rows({ name: 'text', value: 'text' }, 'SELECT name, value FROM setting').all();
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  close(): void {
    this.#database.close();
  }

  /** Call after `bytes` were stored, with the first row of the traces that came with them. */
  #pruneAfter(bytes: number, firstNewRow = this.#nextRow): void {
    if (this.#pruner.isDue(bytes)) this.#inTransaction(() => this.#pruner.prune(bytes, firstNewRow));
  }

  #inTransaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      // If the disk was full, SQLite has already rolled back.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#index.load();
      this.#logs.load();
      this.#known.forget();
      this.#pruner.startOver();
      this.#findNextRow();
      throw error;
    }
  }

  /** Never reuses a row: the index and the pruner know deleted traces by their row. */
  #findNextRow(): void {
    const { last } = onlyRow(
      this.#statements.rows({ last: 'number' }, 'SELECT coalesce(max(row), 0) AS last FROM trace').get(),
    );
    this.#nextRow = Math.max(this.#nextRow, last + 1, this.#index.newestFirst);
  }

  /** False if `arrivals` contained nothing new. Adds documents beyond the trace's limit to `refused`. */
  #putTrace(
    id: string,
    arrivals: readonly PlacedDocument[],
    { receivedAt, isSampled }: Required<Pick<Delivery, 'receivedAt' | 'isSampled'>>,
    refused: Refused[],
  ): boolean {
    const found = this.#findTrace.get(id);
    if (found !== undefined && isFull(found)) {
      for (const { document, position } of arrivals) refused.push({ ...traceFullRefusal(document), position });
      return false;
    }
    const row = found?.row ?? this.#nextRow++;
    // Most traces arrive as one document.
    const known =
      found !== undefined ? this.#known.of(row) : arrivals.length > 1 ? new Map<string, KnownDocument>() : undefined;
    const { first } = documentRows(row);
    const knownBytes = found?.bytes ?? 0;
    let documents = found?.documents ?? 0;
    let bytes = 0;
    const stored: TraceDocument[] = [];
    /** Whether a version with another start time was replaced. */
    let startsAnew = false;
    for (const { document, format, body, position } of arrivals) {
      const { key } = document;
      const before = known?.get(key);
      if (before !== undefined && !before.isInProgress) continue;
      if (isFull({ bytes: knownBytes + bytes, documents })) {
        refused.push({ ...traceFullRefusal(document), position });
        continue;
      }
      const inProgress = document.isInProgress ? 1 : 0;
      const at = before?.row ?? first + documents++;
      if (before === undefined) this.#addDocument.run(at, key, inProgress, format, body);
      else {
        startsAnew ||= documents <= MAX_RESTART && startOf(this.#documentAt(at)) !== startOf(document);
        this.#replaceDocument.run(inProgress, format, body, at);
      }
      known?.set(key, { row: at, isInProgress: document.isInProgress });
      bytes += body.length;
      stored.push(document);
      this.#index.add(row, termsOf(document));
      this.#index.addText(row, indexedText(document));
    }
    if (known !== undefined) this.#known.keep(row, known);
    if (stored.length === 0) return false;
    const all = startsAnew ? this.#documentsOf(row) : undefined;
    const { start, end, hasSegment } =
      all === undefined
        ? timesOf(stored, found?.has_segment === 1, found?.start ?? Infinity)
        : timesOf(all, false, Infinity);
    const segment = hasSegment ? 1 : 0;
    const unsampled = isSampled ? 0 : 1;
    if (found === undefined) {
      this.#addTrace.run(
        row,
        id,
        start,
        end,
        receivedAt,
        bytes,
        documents,
        segment,
        unsampled,
        ...headValues(headAfter(undefined, stored)!),
      );
      return true;
    }
    this.#changeTrace.run(start, end, receivedAt, bytes, documents, segment, unsampled, row);
    const head =
      all === undefined
        ? headAfter({ kind: found.head_kind, start: found.head_start }, stored)
        : headAfter(undefined, all);
    if (head !== undefined) this.#setHead.run(...headValues(head), row);
    return true;
  }

  /** undefined if it is damaged. */
  #documentAt(row: number): TraceDocument | undefined {
    return readableIn(this.#documents.all(row, row + 1))[0];
  }

  #textOf(trace: number): string {
    return this.#documentsOf(trace).map(indexedText).join('\n');
  }

  #documentsOf(trace: number): TraceDocument[] {
    const { first, last } = documentRows(trace);
    return readableIn(this.#documents.all(first, last));
  }
}

const FOUND_TRACE = {
  row: 'number',
  start: 'number',
  bytes: 'number',
  documents: 'number',
  has_segment: 'number',
  head_kind: 'number',
  head_start: 'number',
} as const;
type FoundTrace = Row<typeof FOUND_TRACE>;

/** Without damaged documents, which must not prevent others from being stored. The reader reports them. */
function readableIn(documents: readonly ReceivedDocument[]): TraceDocument[] {
  return documents.flatMap((document, arrival) => {
    try {
      return storedDocument(document, arrival);
    } catch (error) {
      if (error instanceof DamagedDocumentError) return [];
      throw error;
    }
  });
}

function isFull({ bytes, documents }: Pick<FoundTrace, 'bytes' | 'documents'>): boolean {
  return bytes >= BYTES_A_TRACE || documents >= DOCUMENTS_A_TRACE;
}

function startOf(document: TraceDocument | undefined): number | undefined {
  return document && Math.min(...document.tops.map(({ start }) => start));
}
