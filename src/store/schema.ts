import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** In the file's header: says that the file is a store of xrayd. "xray" in ASCII. */
const APPLICATION_ID = 0x78726179;
export const SCHEMA_VERSION = 3;
/** From which a file is brought up to this one. */
const OLDEST_VERSION = 2;

/** Tables of the index; an empty one takes a page. */
export const GENERATIONS = 64;
const SLOTS = Array.from({ length: GENERATIONS }, (_, slot) => slot);

export function termTable(slot: number): string {
  return `term_${slot}`;
}

/** The index of texts that belongs to the same generation. It exists while the generation does. */
export function textTable(slot: number): string {
  return `text_${slot}`;
}

/** Seconds that a trace took, by the table of traces, or has been running at `$at`; -1 when nothing of it says so. */
export const LENGTH_AT = 'CASE WHEN is_open THEN max(0, $at - head_start) WHEN last_end > 0 THEN max(0, last_end - start) ELSE -1 END';

/** Each transaction adds a part to the index of texts: the more are merged at once, the less often each is written (docs/decisions/0011). */
const MERGED_AT_ONCE = 16;

/**
 * FTS5 over `indexedText`, by the row of the trace. It keeps which traces have a word and nothing else: a trace that is found is checked against its documents.
 * `ascii` is the tokenizer that `indexedText` is made for.
 */
export function createTextTable(slot: number): string {
  const table = textTable(slot);
  return `CREATE VIRTUAL TABLE ${table} USING fts5(body, content='', detail='none', columnsize=0, tokenize='ascii');
INSERT INTO ${table}(${table}, rank) VALUES ('automerge', ${MERGED_AT_ONCE});`;
}

/** Traces that stay. They are few, and have an index of their own. */
export const PINNED = 'SELECT row FROM trace WHERE pinned = 1 ORDER BY row';

const HEAD_COLUMNS = ['head_kind INTEGER', 'head_start REAL', 'is_open INTEGER', 'name TEXT', 'status INTEGER'];

/**
 * trace: a row each; `start` is its earliest segment's, `received` its last change, both in seconds since the epoch. From `head_kind` on: see Head.
 * document: as it came. Of two versions of one entity the first completed one stays. Its row says where it belongs: see documentRows.
 * generation: which traces have their index rows in which of the tables term_0 and so on: from row `first` up to the next generation's.
 * The oldest one has all that come before it, too. The index is read in the order of traces, newest last.
 * text_0 and so on: the same for texts. backlog: traces below this row were stored by an earlier xrayd, and have no texts and no head yet; no row when there are none.
 * field: names in the index; `last` is the first row of the newest generation that has it.
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
  pinned INTEGER NOT NULL DEFAULT 0,
  ${HEAD_COLUMNS.join(',\n  ')}
);
CREATE INDEX trace_start ON trace(start);
CREATE INDEX trace_received ON trace(received);
CREATE INDEX trace_pinned ON trace(row) WHERE pinned = 1;
CREATE TABLE document (
  row INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  in_progress INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE field (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last INTEGER NOT NULL);
CREATE TABLE generation (slot INTEGER PRIMARY KEY, first INTEGER NOT NULL);
INSERT INTO generation (slot, first) VALUES (0, 0);
${createTextTable(0)}
CREATE TABLE backlog (below INTEGER NOT NULL);
${SLOTS.map(
  (slot) => `CREATE TABLE ${termTable(slot)} (field INTEGER NOT NULL, value NOT NULL, trace INTEGER NOT NULL, PRIMARY KEY (field, value, trace))
WITHOUT ROWID;`,
).join('\n')}
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/**
 * Of one trace no more is kept: to show it takes ten times as much memory. Sixteen times what X-Ray takes (500 KB); what comes after is refused,
 * counted and said in the trace's findings.
 */
export const BYTES_A_TRACE = 8 * 1024 * 1024;
/** More than a trace can have: the least document has 130 bytes. Part of the file's form, since rows are made of it. */
export const DOCUMENTS_A_TRACE = 1_048_576;

/**
 * The rows of a trace's documents: from the first up to, not including, the last. So they lie beside each other, in the order they came, without an
 * index: a quarter less work for each segment (npm run bench -- local).
 */
export function documentRows(trace: number): { first: number; last: number } {
  return { first: trace * DOCUMENTS_A_TRACE, last: (trace + 1) * DOCUMENTS_A_TRACE };
}

/** Of SQLite's caches; the file system's holds the rest. The writer's is for the pages of the index, which it touches in no order. */
const WRITERS_SHARE = 0.75;
export const CACHE_BYTES = 32 * 1024 * 1024;
/** Of a new file. On SQLite's own 4 KB no more than three segments of 1 KB have room: a fifth of the file was left empty. */
const PAGE_BYTES = 8_192;
/** In the log before they go into the file: so much that a page which changes often is written once. */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;

export interface DatabaseConfig {
  readonly file: string;
  /** Deleted at the end: it need not survive a loss of power. */
  readonly isTemporary: boolean;
  /** Of SQLite's caches, the reader's and the writer's together; 32 MB when not given. */
  readonly cacheBytes?: number;
}

/** Opens the file to write, and makes its tables when it is new. Throws an Error with a message for a person. */
export function openToWrite({ file, isTemporary, cacheBytes = CACHE_BYTES }: DatabaseConfig): DatabaseSync {
  const database = open(file, { isReader: false, cacheBytes: cacheBytes * WRITERS_SHARE });
  const [{ application_id: application } = {}] = database.prepare('PRAGMA application_id').all();
  const [{ user_version: version } = {}] = database.prepare('PRAGMA user_version').all();
  const [{ tables } = {}] = database.prepare('SELECT count(*) AS tables FROM sqlite_master').all();
  const isNew = application === 0 && tables === 0;
  if (!isNew && application !== APPLICATION_ID) throw new Error(`${file} is a database of another program. Name another file with --data`);
  if (!isNew && (Number(version) < OLDEST_VERSION || Number(version) > SCHEMA_VERSION)) {
    const age = Number(version) > SCHEMA_VERSION ? 'a newer' : 'an older';
    throw new Error(
      `${file} was written by ${age} xrayd (form ${String(version)}, this one knows ${SCHEMA_VERSION}). Use that version, or name another file with --data`,
    );
  }
  const [{ page_size: pageBytes } = {}] = database.prepare('PRAGMA page_size').all();
  const checkpointPages = Math.floor(CHECKPOINT_BYTES / Number(pageBytes));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${isTemporary ? 'OFF' : 'NORMAL'}; PRAGMA wal_autocheckpoint = ${checkpointPages};`);
  if (isNew) database.exec(`BEGIN; ${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  else if (version !== SCHEMA_VERSION) migrate(database);
  return database;
}

/** Only what takes no time: what is new of the traces that are there is added while the store is in use (backlog.ts). */
function migrate(database: DatabaseSync): void {
  const slots = database.prepare('SELECT slot FROM generation').all();
  database.exec(
    `BEGIN;
    ${slots.map(({ slot }) => createTextTable(slot as number)).join('\n')}
    ${HEAD_COLUMNS.map((column) => `ALTER TABLE trace ADD COLUMN ${column};`).join('\n')}
    CREATE TABLE backlog (below INTEGER NOT NULL);
    INSERT INTO backlog (below) SELECT max(row) + 1 FROM trace HAVING count(*) > 0;
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;`,
  );
}

export function openToRead(file: string, cacheBytes = CACHE_BYTES): DatabaseSync {
  return open(file, { isReader: true, cacheBytes: cacheBytes * (1 - WRITERS_SHARE) });
}

/** Traces hold what users of an application typed: a new file is its owner's alone. SQLite gives the files beside it the same mode. */
function makeOwners(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
}

function open(file: string, { isReader, cacheBytes }: { isReader: boolean; cacheBytes: number }): DatabaseSync {
  try {
    if (!isReader) makeOwners(file);
    const database = new DatabaseSync(file, { readOnly: isReader, timeout: 5_000 });
    // A file that is there keeps its page size. The cache's comes after it, since SQLite counts its pages by what a page has then.
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    // Nothing is written beside the file: in a container there may be nowhere else to write.
    database.exec(`PRAGMA temp_store = MEMORY; PRAGMA cache_size = -${Math.round(cacheBytes / 1024)}`);
    // The first page is read here: a file that is no database says so now.
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return database;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot open ${file} as a store of traces: ${reason}. Name another file with --data`, { cause: error });
  }
}
