import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Alternatives, Condition } from '../filter/sql.ts';
import { TraceView } from '../query/trace-view.ts';
import { assemble, Trace } from '../trace/assemble.ts';
import type { Json } from '../trace/json.ts';
import { documentRows } from './schema.ts';

/** Which time of a trace is meant: of its start, of its last change, or of the end of one of its segments. */
export type TimeRangeType = 'TraceId' | 'Event' | 'Service';

export interface Range {
  readonly type: TimeRangeType;
  /** Seconds since the epoch: from `start` on, before `end`. */
  readonly start: number;
  readonly end: number;
}

/** Where a scan goes on: below this row, or below this time and row. */
export interface Cursor {
  readonly row: number;
  readonly time: number;
}

export interface Found {
  readonly view: TraceView;
  readonly cursor: Cursor;
}

interface TraceRow {
  readonly row: number;
  readonly id: string;
  readonly start: number;
  readonly received: number;
  readonly revision: number;
  readonly bytes: number;
}

/** Assembled traces kept for the next question; each costs about five times its documents. */
const CACHE_BYTES = 4 * 1024 * 1024;
/** What a trace costs beside its documents, however small. */
const VIEW_BYTES = 2_000;
/** Rows fetched at a time by a scan. */
const SCAN_ROWS = 64;

/** A value that so many traces have leads nowhere. */
const MANY_TRACES = 2_000;

/** Values that are offered when one is typed. */
const MAX_VALUES = 30;

const COLUMNS = 'trace.row, trace.id, trace.start, trace.received, trace.revision, trace.bytes';
const FIELD = 'field = (SELECT id FROM field WHERE name = ?)';

/** The reading side of the store: finds traces and puts them together. Synchronous: it has a thread of its own. */
export class Reader {
  readonly #database: DatabaseSync;
  readonly #byId: StatementSync;
  readonly #bodies: StatementSync;
  readonly #scans = new Map<string, StatementSync>();
  readonly #cache = new Map<number, TraceView>();
  #cachedBytes = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#byId = database.prepare(`SELECT ${COLUMNS}, trace.pinned FROM trace WHERE id = ?`);
    this.#bodies = database.prepare('SELECT body FROM document WHERE row >= ? AND row < ? ORDER BY row');
  }

  trace(id: string): TraceView | undefined {
    const row = this.#byId.get(id) as unknown as TraceRow | undefined;
    return row === undefined ? undefined : this.#viewOf(row);
  }

  /**
   * The traces in `range` that may satisfy `conditions`, newest first. The predicate and the exact range are the caller's to check.
   * Without an index to follow they come by time, with one by the order of arrival.
   */
  *scan(range: Range, conditions: readonly Alternatives[], after?: Cursor): Generator<Found> {
    const { sql, params, isByTime } = scanQuery(range, conditions, this.#driverOf(conditions));
    const statement = this.#prepared(sql);
    let cursor = after ?? { row: Number.MAX_SAFE_INTEGER, time: Infinity };
    for (;;) {
      const position = isByTime ? [Math.min(cursor.time, Number.MAX_VALUE), cursor.row] : [cursor.row];
      const rows = statement.all(...params, ...position, SCAN_ROWS) as unknown as (TraceRow & { time: number })[];
      for (const row of rows) {
        cursor = { row: row.row, time: row.time };
        yield { view: this.#viewOf(row), cursor };
      }
      if (rows.length < SCAN_ROWS) return;
    }
  }

  /** Numbers for the page and for the log. */
  size(): { traces: number; segments: number; bytes: number } {
    const [{ traces, segments } = {}] = this.#database.prepare('SELECT count(*) AS traces, total(documents) AS segments FROM trace').all();
    const [{ bytes } = {}] = this.#database
      .prepare('SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()')
      .all();
    return { traces: Number(traces), segments: Number(segments), bytes: Number(bytes) };
  }

  /** The documents of a trace as they came, oldest first. */
  originals(id: string): string[] {
    const row = this.#byId.get(id) as unknown as TraceRow | undefined;
    return row === undefined ? [] : this.#bodiesOf(row.row);
  }

  /** The trace with its documents as they came, as TraceDocuments; they are passed on, not understood. */
  documents(id: string): string | undefined {
    const row = this.#byId.get(id) as unknown as (TraceRow & { pinned: number }) | undefined;
    if (row === undefined) return undefined;
    const isPinned = row.pinned === 1;
    const facts = JSON.stringify({ id, revision: row.revision, received: row.received, bytes: row.bytes, isPinned });
    return `${facts.slice(0, -1)},"documents":[${this.#bodiesOf(row.row).join(',')}]}`;
  }

  /** Names of annotations that traces have. */
  annotationKeys(): string[] {
    const statement = this.#prepared("SELECT name FROM field WHERE name LIKE 'annotation.%' ORDER BY name LIMIT 1000");
    return statement.all().map(({ name }) => (name as string).slice('annotation.'.length));
  }

  /** The first values of a field of the index that begin with `prefix`, each once. Each is one step: a value may have a million traces. */
  values(field: string, prefix: string): (string | number)[] {
    const next = this.#prepared(`SELECT value FROM term WHERE ${FIELD} AND value > ? ORDER BY value LIMIT 1`);
    const least = this.#prepared(`SELECT value FROM term WHERE ${FIELD} AND value >= ? ORDER BY value LIMIT 1`);
    const values: (string | number)[] = [];
    // Numbers come before texts, so the least value of all is asked for without a type.
    let found = prefix === '' ? next.get(field, -Number.MAX_VALUE) : least.get(field, prefix);
    while (found !== undefined && values.length < MAX_VALUES) {
      const value = found['value'] as string | number;
      if (!String(value).startsWith(prefix)) break;
      values.push(value);
      found = next.get(field, value);
    }
    return values;
  }

  close(): void {
    this.#database.close();
  }

  /** The condition whose traces are followed: of those with one value the one with the fewest. */
  #driverOf(conditions: readonly Alternatives[]): Condition | undefined {
    const candidates = conditions.flatMap((alternatives) => (alternatives.length === 1 && alternatives[0]!.isEquality ? [alternatives[0]!] : []));
    if (candidates.length < 2) return candidates[0];
    const count = ({ where, params }: Condition): number => {
      const statement = this.#prepared(`SELECT count(*) AS traces FROM (SELECT 1 FROM term WHERE ${onField(where)} LIMIT ${MANY_TRACES})`);
      return Number(statement.get(...params)!['traces']);
    };
    const counted = candidates.map((condition) => ({ condition, traces: count(condition) }));
    return counted.reduce((best, each) => (each.traces < best.traces ? each : best)).condition;
  }

  #viewOf({ row, id, revision, received, bytes }: TraceRow): TraceView {
    const cached = this.#cache.get(row);
    if (cached !== undefined && cached.trace.revision === revision && cached.trace.id === id) {
      // The last one used goes last.
      this.#cache.delete(row);
      this.#cache.set(row, cached);
      return cached;
    }
    const documents = this.#bodiesOf(row).map((body) => JSON.parse(body) as Json);
    const view = new TraceView(new Trace({ id, revision, receivedAt: received, bytes }, assemble(documents)));
    this.#keep(row, view, cached);
    return view;
  }

  #bodiesOf(trace: number): string[] {
    const { first, last } = documentRows(trace);
    return this.#bodies.all(first, last).map(({ body }) => body as string);
  }

  #keep(row: number, view: TraceView, replaced: TraceView | undefined): void {
    if (replaced !== undefined) this.#forget(row, replaced);
    this.#cache.set(row, view);
    this.#cachedBytes += view.trace.bytes + VIEW_BYTES;
    for (const [oldest, oldestView] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES) return;
      this.#forget(oldest, oldestView);
    }
  }

  #forget(row: number, view: TraceView): void {
    this.#cache.delete(row);
    this.#cachedBytes -= view.trace.bytes + VIEW_BYTES;
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#scans.get(sql);
    if (statement === undefined) {
      // Filters of many forms come by; each form is a statement.
      if (this.#scans.size >= 100) this.#scans.clear();
      statement = this.#database.prepare(sql);
      this.#scans.set(sql, statement);
    }
    return statement;
  }
}

type Param = string | number;

function scanQuery(
  range: Range,
  conditions: readonly Alternatives[],
  driver: Condition | undefined,
): { sql: string; params: Param[]; isByTime: boolean } {
  const { start, end } = range;
  const others = conditions.filter((alternatives) => alternatives[0] !== driver);
  const params: Param[] = [];
  const where: string[] = [];
  if (driver !== undefined) {
    where.push(onField(driver.where));
    params.push(...driver.params);
  }
  const time = range.type === 'Event' ? 'trace.received' : 'trace.start';
  if (range.type === 'Service') {
    // A segment's end, or the receipt, lies in the range; which it is, the documents say.
    where.push('trace.start < ? AND trace.last_end >= ? OR trace.received >= ? AND trace.received < ?');
    params.push(end, start, start, end);
  } else {
    where.push(`${time} >= ? AND ${time} < ?`);
    params.push(start, end);
  }
  for (const alternatives of others) {
    if (driver !== undefined) {
      // Few traces come: each is looked up. What has a range of values would be read again for each, and the predicate is cheaper.
      if (!alternatives.every(({ isEquality }) => isEquality)) continue;
      const each = alternatives.map(
        (condition) => `EXISTS (SELECT 1 FROM term AS other WHERE ${onField(condition.where)} AND other.trace = term.trace)`,
      );
      where.push(each.join(' OR '));
      params.push(...alternatives.flatMap((condition) => condition.params));
      continue;
    }
    where.push(`trace.row IN (${alternatives.map((condition) => `SELECT trace FROM term WHERE ${onField(condition.where)}`).join(' UNION ')})`);
    params.push(...alternatives.flatMap((condition) => condition.params));
  }
  const isByTime = driver === undefined;
  const from = isByTime ? 'trace' : 'term CROSS JOIN trace ON trace.row = term.trace';
  where.push(isByTime ? `(${time}, trace.row) < (?, ?)` : 'term.trace < ?');
  const order = isByTime ? `${time} DESC, trace.row DESC` : 'term.trace DESC';
  const all = where.map((each) => `(${each})`).join(' AND ');
  return { sql: `SELECT ${COLUMNS}, ${time} AS time FROM ${from} WHERE ${all} ORDER BY ${order} LIMIT ?`, params, isByTime };
}

function onField(where: string): string {
  return where.replace('field = ?', FIELD);
}
