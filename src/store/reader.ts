import type { DatabaseSync } from 'node:sqlite';
import type { Alternatives } from '../filter/sql.ts';
import { mayMatchText, type TextSearch } from '../filter/text.ts';
import { ReadBudget, TooMuchError } from '../query/read-budget.ts';
import { TraceView } from '../trace/trace-view.ts';
import { assemble } from '../trace/assemble.ts';
import { isProblem, readAccessLog } from '../formats/access-log.ts';
import type { BalancerView } from '../trace/balancer.ts';
import type { ConversionChoice } from '../trace/conversion.ts';
import { storedDocument, type ReceivedDocument } from '../formats/formats.ts';
import type { Search } from '../filter/search.ts';
import { conditionsOf } from '../filter/sql.ts';
import { readable } from './readable.ts';
import type { SortKey } from '../query/answers.ts';
import type {
  Candidate,
  Cursor,
  Found,
  InOrder,
  Started,
  TimeRange,
  TraceFacts,
  TraceSource,
} from '../query/source.ts';
import { onlyRow, prepareRows, type Row, type Rows } from './rows.ts';
import { COLUMNS, overTables, Scans, TRACE_ROW, type TraceRow } from './scan.ts';
import { documentRows, LENGTH_AT, termTable } from './schema.ts';
import { Statements } from './statements.ts';
import { ViewCache } from './view-cache.ts';
import { fullCollector } from '../pipeline/collector.ts';

/** The limit of the cache is this fraction of a response's bytes. */
const ANSWER_BYTES_A_CACHED = 2;
/** Maximum number of suggested values while one is typed. */
const MAX_VALUES = 30;
/**
 * Maximum number of traces that are assembled to find the longest; traces with wrong clocks or without an end may
 * require more.
 */
const MAX_LONGEST = 1_000;

export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Sort keys of the table of traces, in SQL; the duration of a running trace is counted up to `$at`. */
const ORDERS: ReadonlyMap<SortKey, string> = new Map([
  ['start', 'start'],
  ['name', 'name'],
  ['status', 'status'],
  ['duration', LENGTH_AT],
]);

const PINNED_ROW = { ...TRACE_ROW, pinned: 'number' } as const;
const LENGTH_ROW = { ...TRACE_ROW, most: 'number' } as const;
const ORDERED_ROW = { ...TRACE_ROW, value: 'value' } as const;

/** `unsampled` are among the traces. */
export interface StoreSize {
  readonly traces: number;
  readonly unsampled: number;
  readonly segments: number;
  readonly bytes: number;
}

export interface ReaderConfig {
  /** The account that the traces were sent to. */
  readonly accountId?: string | undefined;
  /** How OpenTelemetry spans are shown as segments, for the page. */
  readonly conversion?: ConversionChoice | undefined;
  /** 8 MB for one answer by default. */
  readonly budget?: ReadBudget | undefined;
}

/** The reading side of the store: finds and assembles traces. Synchronous, because it has its own thread. */
export class Reader implements TraceSource {
  readonly orders: ReadonlySet<SortKey> = new Set(ORDERS.keys());
  readonly budget: ReadBudget;
  readonly #database: DatabaseSync;
  readonly #accountId: string | undefined;
  readonly #conversion: ConversionChoice | undefined;
  readonly #byId: Rows<Row<typeof PINNED_ROW>>;
  readonly #byRow: Rows<TraceRow>;
  readonly #documents: Rows<ReceivedDocument>;
  readonly #lines: Rows<{ readonly line: string }>;
  readonly #statements: Statements;
  readonly #scans: Scans;
  readonly #cache: ViewCache;
  #bytesRead = 0;

  constructor(
    database: DatabaseSync,
    {
      accountId,
      conversion,
      budget = new ReadBudget({ maxAnswerBytes: MAX_ANSWER_BYTES }, { collect: () => fullCollector()() }),
    }: ReaderConfig = {},
  ) {
    this.budget = budget;
    this.#cache = new ViewCache(budget.maxAnswerBytes / ANSWER_BYTES_A_CACHED);
    this.#database = database;
    this.#accountId = accountId;
    this.#conversion = conversion;
    this.#statements = new Statements(database);
    this.#scans = new Scans(this.#statements);
    this.#byId = prepareRows(database, PINNED_ROW, `SELECT ${COLUMNS}, trace.pinned FROM trace WHERE id = ?`);
    this.#byRow = prepareRows(database, TRACE_ROW, `SELECT ${COLUMNS} FROM trace WHERE row = ?`);
    this.#documents = prepareRows(
      database,
      { format: 'format', body: 'text' },
      'SELECT format, body FROM document WHERE row >= ? AND row < ? ORDER BY row',
    );
    this.#lines = prepareRows(
      database,
      { line: 'text' },
      'SELECT line FROM access_log WHERE row >= ? AND row < ? ORDER BY row',
    );
  }

  trace(id: string): TraceView | undefined {
    const row = this.#byId.get(id);
    return row === undefined ? undefined : this.#viewOf(row);
  }

  /** The trace at a row; undefined if it has been deleted. */
  traceAt(row: number): TraceView | undefined {
    const found = this.#byRow.get(row);
    return found === undefined ? undefined : this.#viewOf(found);
  }

  /**
   * How many traces started in the range, and the longest duration by `lengthOf`. No trace is longer than from its
   * first start to its last end, which the table has: only traces that may be longer than the longest so far are
   * assembled.
   */
  totals(
    { start, end, hasUnsampled }: Started,
    lengthOf: (view: TraceView) => number | null,
  ): { traces: number; longest: number | null } {
    const byLength = this.#statements.rows(
      LENGTH_ROW,
      `SELECT ${COLUMNS}, last_end - start AS most FROM trace WHERE start >= ? AND start < ?${sampledUnless(hasUnsampled)} ORDER BY most DESC LIMIT ${MAX_LONGEST}`,
    );
    let longest: number | null = null;
    for (const row of byLength.iterate(start, end)) {
      if (longest !== null && row.most <= longest) break;
      const length = lengthOf(this.#viewOf(row));
      if (length !== null) longest = Math.max(longest ?? 0, length);
    }
    return { traces: this.countIn({ start, end, hasUnsampled }), longest };
  }

  /** The traces that started in the range, sorted by one of `orders`. */
  *inOrder({
    start,
    end,
    hasUnsampled,
    key,
    isDescending,
    at,
    after,
    limit,
  }: InOrder): Generator<{ view: TraceView; value: string | number; row: number }> {
    const operator = isDescending ? '<' : '>';
    const statement = this.#statements.rows(
      ORDERED_ROW,
      `SELECT * FROM (SELECT ${COLUMNS}, ${orderOf(key)} AS value FROM trace WHERE start >= $start AND start < $end AND $at = $at${sampledUnless(hasUnsampled)}) AS trace
       ${after === undefined ? '' : `WHERE value ${operator} $value OR value = $value AND row < $row`}
       ORDER BY value ${isDescending ? 'DESC' : 'ASC'}, row DESC LIMIT $limit`,
    );
    const where = after === undefined ? {} : { $value: after.value, $row: after.row };
    for (const found of statement.all({ $start: start, $end: end, $at: at, $limit: limit, ...where })) {
      yield { view: this.#viewOf(found), value: found.value, row: found.row };
    }
  }

  /** How many traces started in the range. */
  countIn({ start, end, hasUnsampled = false }: Started): number {
    // Both counts only read an index.
    const count = (where: string): number =>
      onlyRow(
        this.#statements
          .rows({ traces: 'number' }, `SELECT count(*) AS traces FROM trace WHERE start >= ? AND start < ?${where}`)
          .get(start, end),
      ).traces;
    return count('') - (hasUnsampled ? 0 : count(' AND unsampled = 1'));
  }

  /** The row of a trace. */
  rowOf(id: string): number | undefined {
    return this.#byId.get(id)?.row;
  }

  /** Like `inOrder`, but only the rows. */
  rowsInOrder({ start, end, hasUnsampled, key, isDescending, at, limit }: Omit<InOrder, 'after'>): Float64Array {
    const statement = this.#statements.lists(
      ['text'],
      `SELECT json_group_array(row) FROM (SELECT row FROM trace WHERE start >= $start AND start < $end AND $at = $at${sampledUnless(hasUnsampled)}
       ORDER BY ${orderOf(key)} ${isDescending ? 'DESC' : 'ASC'}, row DESC LIMIT $limit)`,
    );
    // Reading one text is faster than reading a hundred thousand rows.
    const [rows] = onlyRow(statement.get({ $start: start, $end: end, $at: at, $limit: limit }));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- SQLite made it of a column of numbers
    return Float64Array.from(JSON.parse(rows) as number[]);
  }

  /**
   * Chart data of the traces that started in the range: newest first, after `last`. A running trace lasts until `at`.
   */
  facts({
    start,
    end,
    hasUnsampled,
    at,
    last,
    limit,
  }: Started & { at: number; last: TraceFacts | undefined; limit: number }): TraceFacts[] {
    const statement = this.#statements.lists(
      ['number', 'number', 'number', 'number', 'number'],
      `SELECT row, start, ${LENGTH_AT},
       status, is_open FROM trace
       WHERE start >= $start AND +start < $end AND start <= $last AND (start < $last OR row < $row)${sampledUnless(hasUnsampled)} ORDER BY start DESC, row DESC LIMIT $limit`,
    );
    const after = { $last: last?.[1] ?? Number.MAX_VALUE, $row: last?.[0] ?? Number.MAX_SAFE_INTEGER };
    return statement.all({ $start: start, $end: end, $at: at, $limit: limit, ...after });
  }

  /**
   * The traces in `range` that may match `search`, newest first. The caller checks whether they match, and the exact
   * range.
   * Sorted by time, or, if an index is used, by order of arrival.
   */
  *candidates(range: TimeRange, { filter, text, hasUnsampled }: Search, after?: Cursor): Generator<Candidate> {
    const conditions = filter === undefined ? [] : conditionsOf(filter);
    for (const row of this.#scans.rows({ ...range, hasUnsampled }, conditions, text, after)) {
      yield { view: this.#viewWith(row, text), cursor: { row: row.row, time: row.time } };
    }
  }

  /** Like `candidates`, by conditions of the index. */
  *scan(range: TimeRange, conditions: readonly Alternatives[], after?: Cursor): Generator<Found> {
    for (const row of this.#scans.rows({ ...range, hasUnsampled: true }, conditions, undefined, after))
      yield { view: this.#viewOf(row), cursor: { row: row.row, time: row.time } };
  }

  /** Sizes for the page and the log. */
  size(): StoreSize {
    const counts = this.#statements
      .rows(
        { traces: 'number', unsampled: 'number', segments: 'number' },
        'SELECT count(*) AS traces, total(unsampled) AS unsampled, total(documents) AS segments FROM trace',
      )
      .get();
    const size = this.#statements
      .rows(
        { bytes: 'number' },
        'SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()',
      )
      .get();
    return { ...onlyRow(counts), ...onlyRow(size) };
  }

  /** IDs of pinned traces, newest first. */
  pinned(limit: number): string[] {
    const statement = this.#statements.rows(
      { id: 'text' },
      'SELECT id FROM trace WHERE pinned = 1 ORDER BY row DESC LIMIT ?',
    );
    return statement.all(limit).map(({ id }) => id);
  }

  /** The log records of a trace, in order of arrival: JSON of TraceLog. */
  logs(id: string): string[] {
    const rows = this.#statements.rows({ body: 'text' }, 'SELECT body FROM log WHERE trace = ? ORDER BY row').all(id);
    return rows.map(({ body }) => body);
  }

  /** The documents of a trace as they were received, oldest first. Throws TooMuchError. */
  originals(id: string): string[] {
    const row = this.#byId.get(id);
    if (row === undefined) return [];
    this.#checkWhole(row);
    return Array.from(this.#documentsOf(row.row), ({ body }) => body);
  }

  /** The `originals` that fit into memory. */
  readableOriginals(id: string): readonly ReceivedDocument[] {
    const row = this.#byId.get(id);
    return row === undefined ? [] : readable(this.#documentsOf(row.row), row.bytes, this.budget);
  }

  /**
   * The trace with its documents as received, as TraceDocuments; the documents are passed on unparsed. Throws
   * TooMuchError.
   */
  documents(id: string): string | undefined {
    const row = this.#byId.get(id);
    if (row === undefined) return undefined;
    this.#checkWhole(row);
    const isPinned = row.pinned === 1;
    const { revision, received, bytes, unsampled } = row;
    const isSampled = unsampled === 0;
    const lines = this.#linesOf(row.row);
    const optional = { conversion: this.#conversion, accessLog: lines.length === 0 ? undefined : lines };
    const facts = JSON.stringify({ id, revision, received, bytes, isPinned, isSampled, ...optional });
    return `${facts.slice(0, -1)},"documents":[${Array.from(this.#documentsOf(row.row), taggedJson).join(',')}]}`;
  }

  get hasAccessLog(): boolean {
    return this.#lines.get(0, Number.MAX_SAFE_INTEGER) !== undefined;
  }

  /** What load balancers' access logs say about a trace. */
  balancersOf(id: string): BalancerView[] {
    const row = this.rowOf(id);
    if (row === undefined) return [];
    return this.#linesOf(row).flatMap((line) => {
      const view = readAccessLog(line);
      return isProblem(view) ? [] : [view];
    });
  }

  #linesOf(trace: number): string[] {
    const { first, last } = documentRows(trace);
    return this.#lines.all(first, last).map(({ line }) => line);
  }

  /** Names of annotations that occur in traces. */
  annotationKeys(): string[] {
    const statement = this.#statements.rows(
      { name: 'text' },
      "SELECT name FROM field WHERE name LIKE 'annotation.%' ORDER BY name LIMIT 1000",
    );
    return statement.all().map(({ name }) => name.slice('annotation.'.length));
  }

  /**
   * The first distinct values of an indexed field that begin with `prefix`. Each takes one index step, however many
   * traces have the value.
   */
  values(field: string, prefix: string): (string | number)[] {
    const values: (string | number)[] = [];
    overTables(this.#statements, (slots) => {
      const tables = slots.map(termTable);
      const least = (operator: '>' | '>=', bound: string | number): string | number | null =>
        onlyRow(this.#statements.rows({ value: 'valueOrNull' }, leastValue(tables, operator)).get(field, bound)).value;
      // Numbers sort before texts, so the smallest value of all is queried without a type.
      let found = prefix === '' ? least('>', -Number.MAX_VALUE) : least('>=', prefix);
      for (let steps = 0; found !== null && steps < MAX_VALUES; steps++) {
        if (!String(found).startsWith(prefix)) break;
        // For larger numbers, the index only has the nearest double.
        if (typeof found === 'string' || Math.abs(found) <= Number.MAX_SAFE_INTEGER) values.push(found);
        found = least('>', found);
      }
    });
    return values;
  }

  /** Bytes of the traces that were assembled since the last call. */
  takeBytesRead(): number {
    const bytes = this.#bytesRead;
    this.#bytesRead = 0;
    return bytes;
  }

  close(): void {
    this.#database.close();
  }

  #viewOf(row: TraceRow): TraceView {
    return this.#viewWith(row, undefined)!;
  }

  /** undefined if the trace does not contain the words. */
  #viewWith(
    { row, id, revision, received, bytes, unsampled }: TraceRow,
    text: TextSearch | undefined,
  ): TraceView | undefined {
    const cached = this.#cache.get(row, { id, revision });
    if (cached !== undefined) return cached;
    this.budget.check(bytes, () => this.#cache.clear());
    this.#bytesRead += bytes;
    const documents = readable(this.#documentsOf(row), bytes, this.budget).map(storedDocument);
    if (text !== undefined && !mayMatchText(text, documents)) return undefined;
    const view = new TraceView(
      assemble(
        { id, revision, receivedAt: received, bytes, isSampled: unsampled === 0, accountId: this.#accountId },
        documents,
      ),
    );
    this.#cache.set(row, view);
    return view;
  }

  #documentsOf(trace: number): Iterable<ReceivedDocument> {
    const { first, last } = documentRows(trace);
    return this.#documents.iterate(first, last);
  }

  /** Until a response that is passed on as text is written, several copies of it exist. */
  #checkWhole({ bytes }: TraceRow): void {
    if (bytes <= this.budget.maxTraceBytes) return;
    throw new TooMuchError(
      `The trace has ${bytes} bytes, which is more than the memory of this xrayd allows. Raise its memory limit`,
    );
  }
}

function sampledUnless(hasUnsampled = false): string {
  return hasUnsampled ? '' : ' AND unsampled = 0';
}

function orderOf(key: SortKey): string {
  const order = ORDERS.get(key);
  if (order === undefined) throw new Error(`the store cannot sort by ${key}`);
  return order;
}

/** The body of a document of X-Ray is JSON already. */
function taggedJson({ format, body }: ReceivedDocument): string {
  return `{"format":"${format}","document":${body}}`;
}

/** The smallest value of a field in all of these tables; each table takes one index step. */
function leastValue(tables: readonly string[], operator: '>' | '>='): string {
  const each = tables.map(
    (table) =>
      `SELECT min(value) AS value FROM ${table} WHERE field = (SELECT id FROM field WHERE name = ?1) AND value ${operator} ?2`,
  );
  return `SELECT min(value) AS value FROM (${each.join(' UNION ALL ')})`;
}
