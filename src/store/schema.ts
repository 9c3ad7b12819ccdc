import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { onlyRow, prepareRows, type Columns, type Row } from './rows.ts';

/** Marks the file as a store of xrayd, in its header. "xray" in ASCII. */
const APPLICATION_ID = 0x78726179;
/** Files of other versions are refused. */
export const SCHEMA_VERSION = 6;

/** Number of index tables; an empty one takes a page. */
export const GENERATIONS = 64;
const SLOTS = Array.from({ length: GENERATIONS }, (_, slot) => slot);

export function termTable(slot: number): string {
  return `term_${slot}`;
}

/** The full-text index of the same generation. It exists only while the generation does. */
export function textTable(slot: number): string {
  return `text_${slot}`;
}

/** Duration of a trace in seconds according to the table of traces, or until `$at` if it is running; -1 if unknown. */
export const LENGTH_AT =
  'CASE WHEN is_open THEN max(0, $at - head_start) WHEN last_end > 0 THEN max(0, last_end - start) ELSE -1 END';

/**
 * Each transaction adds a part to the full-text index: the more parts are merged at once, the less often each is
 * rewritten (docs/decisions/0011).
 */
const MERGED_AT_ONCE = 16;

/**
 * FTS5 over `indexedText`, by the row of the trace. It only stores which traces have a word: the documents of a trace
 * that it finds are checked.
 * `indexedText` is made for the `ascii` tokenizer.
 */
export function createTextTable(slot: number): string {
  const table = textTable(slot);
  return `CREATE VIRTUAL TABLE ${table} USING fts5(body, content='', detail='none', columnsize=0, tokenize='ascii');
INSERT INTO ${table}(${table}, rank) VALUES ('automerge', ${MERGED_AT_ONCE});`;
}

/** Traces that are kept. They are few, and have a separate index. */
export const PINNED = 'SELECT row FROM trace WHERE pinned = 1 ORDER BY row';

/**
 * trace: one row each; `start` is the start of the earliest segment, `received` the last change, both in seconds since
 * the epoch. unsampled: 1 if all of its documents arrived unsampled. From `head_kind` on: see Head.
 * document: as received, in a format of src/formats. Of two versions, the first completed one stays. Its row determines
 * the trace: see documentRows. generation: which of the tables term_0 and so on has the index rows of which traces:
 * from row `first` up to the next generation's.
 * The oldest generation also has all earlier traces. The index is read in the order of traces, newest last.
 * text_0 and so on: the same for texts.
 * log: log records of traces, by the trace's ID, in order of arrival; bytes are those of its body (TraceLog).
 * access_log: lines of load balancers' access logs, as imported, with rows like those of documents.
 * field: names in the index; `last` is the first row of the newest generation that has the name.
 * setting: groups, sampling rules and the like, as JSON.
 */
const TABLES = `
CREATE TABLE trace (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  start REAL NOT NULL,
  last_end REAL NOT NULL,
  received REAL NOT NULL,
  revision INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  documents INTEGER NOT NULL,
  has_segment INTEGER NOT NULL,
  unsampled INTEGER NOT NULL,
  pinned INTEGER NOT NULL DEFAULT 0,
  head_kind INTEGER NOT NULL,
  head_start REAL NOT NULL,
  is_open INTEGER NOT NULL,
  name TEXT NOT NULL,
  status INTEGER NOT NULL
);
CREATE INDEX trace_start ON trace(start);
CREATE INDEX trace_received ON trace(received);
CREATE INDEX trace_pinned ON trace(row) WHERE pinned = 1;
CREATE INDEX trace_unsampled ON trace(start) WHERE unsampled = 1;
CREATE TABLE document (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  in_progress INTEGER NOT NULL,
  format TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE log (
  row INTEGER PRIMARY KEY,
  trace TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX log_trace ON log(trace);
CREATE TABLE access_log (row INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE field (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL);
CREATE TABLE generation (slot INTEGER PRIMARY KEY, first INTEGER NOT NULL);
INSERT INTO generation (slot, first) VALUES (0, 0);
${createTextTable(0)}
${SLOTS.map(
  (
    slot,
  ) => `CREATE TABLE ${termTable(slot)} (field INTEGER NOT NULL, value NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (field, value, trace))
WITHOUT ROWID;`,
).join('\n')}
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/**
 * Maximum size of a trace: showing it takes ten times as much memory. Sixteen times X-Ray's limit (500 KB). Documents
 * beyond it are refused, counted, and reported in the findings of the trace.
 */
export const BYTES_A_TRACE = 8 * 1024 * 1024;
/**
 * More than a trace can have: the smallest document has 130 bytes. Part of the file format, since rows are computed
 * from it.
 */
export const DOCUMENTS_A_TRACE = 1_048_576;

/**
 * The rows of a trace's documents: from the first up to, but excluding, the last. So they are adjacent, in order of
 * arrival, without an index: a quarter less work per segment (npm run bench -- local).
 */
export function documentRows(trace: number): { first: number; last: number } {
  return { first: trace * DOCUMENTS_A_TRACE, last: (trace + 1) * DOCUMENTS_A_TRACE };
}

/**
 * The writer's share of SQLite's caches; the file system caches the rest. The writer needs it for index pages, which it
 * accesses in random order.
 */
const WRITER_SHARE = 0.75;
export const CACHE_BYTES = 32 * 1024 * 1024;
/**
 * Page size of a new file. SQLite's default of 4 KB fits only three segments of 1 KB, which left a fifth of the file
 * empty.
 */
const PAGE_BYTES = 8_192;
/** Size of the log before a checkpoint: large enough that a page that changes often is written once. */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;
/** Of the store's maximum size: the log must not be larger than the store. */
const CHECKPOINT_SHARE = 0.5;

export interface DatabaseConfig {
  readonly file: string;
  /** The file is deleted on exit: it need not survive a power loss. */
  readonly isTemporary: boolean;
  /** Of SQLite's caches, reader and writer together; 32 MB by default. */
  readonly cacheBytes?: number;
  /** Maximum size of the store; none by default. */
  readonly maxBytes?: number;
}

/** The file cannot be used; the message names it and a remedy. */
export class StoreFileError extends Error {}

/** Opens the file for writing, and creates the tables of a new file. Throws StoreFileError, or SQLite's error. */
export function openToWrite({
  file,
  isTemporary,
  cacheBytes = CACHE_BYTES,
  maxBytes = Infinity,
}: DatabaseConfig): DatabaseSync {
  const database = open(file, { isReader: false, cacheBytes: cacheBytes * WRITER_SHARE });
  const read = <const C extends Columns>(columns: C, sql: string): Row<C> =>
    onlyRow(prepareRows(database, columns, sql).get());
  const { application_id: application } = read({ application_id: 'number' }, 'PRAGMA application_id');
  const { user_version: version } = read({ user_version: 'number' }, 'PRAGMA user_version');
  const { tables } = read({ tables: 'number' }, 'SELECT count(*) AS tables FROM sqlite_master');
  const isNew = application === 0 && tables === 0;
  if (!isNew && application !== APPLICATION_ID)
    throw new StoreFileError(`${file} is a database of another program. Choose another file with --data`);
  if (!isNew && version !== SCHEMA_VERSION) {
    const age = version > SCHEMA_VERSION ? 'a newer' : 'an older';
    throw new StoreFileError(
      `${file} was written by ${age} xrayd (format ${version}, this one supports ${SCHEMA_VERSION}). Use that version, or choose another file with --data`,
    );
  }
  const { page_size: pageBytes } = read({ page_size: 'number' }, 'PRAGMA page_size');
  const checkpointPages = Math.ceil(Math.min(CHECKPOINT_BYTES, maxBytes * CHECKPOINT_SHARE) / pageBytes);
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${isTemporary ? 'OFF' : 'NORMAL'}; PRAGMA wal_autocheckpoint = ${checkpointPages};`,
  );
  if (isNew)
    database.exec(
      `BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
    );
  return database;
}

export function openToRead(file: string, cacheBytes = CACHE_BYTES): DatabaseSync {
  return open(file, { isReader: true, cacheBytes: cacheBytes * (1 - WRITER_SHARE) });
}

/**
 * Creates the file for its owner only: traces contain what users of an application typed. SQLite gives the files beside
 * it the same mode.
 */
function createPrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
}

function open(file: string, { isReader, cacheBytes }: { isReader: boolean; cacheBytes: number }): DatabaseSync {
  try {
    if (!isReader) createPrivate(file);
    const database = new DatabaseSync(file, { readOnly: isReader, timeout: 5_000 });
    // An existing file keeps its page size. The cache size is set after it, because SQLite converts it to pages of the
    // current size.
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    // Temporary data stays in memory: in a container there may be no other writable folder.
    database.exec(`PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${Math.round(cacheBytes / 1024)}`);
    // Reads the first page, so that a file that is not a database fails here.
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreFileError(`cannot open ${file} as a trace store: ${reason}. Choose another file with --data`, {
      cause: error,
    });
  }
}
