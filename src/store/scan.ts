import type { Alternatives, Condition } from '../filter/sql.ts';
import type { Search } from '../filter/search.ts';
import type { TextSearch, TextTerm } from '../filter/text.ts';
import type { Cursor, TimeRange } from '../query/source.ts';
import { termTable, textTable } from './schema.ts';
import { onlyRow, type Row } from './rows.ts';
import type { Statements } from './statements.ts';

/** A row of the table of traces: the columns of `COLUMNS`. */
export const TRACE_ROW = {
  row: 'number',
  id: 'text',
  start: 'number',
  received: 'number',
  revision: 'number',
  bytes: 'number',
  unsampled: 'number',
} as const;
export type TraceRow = Row<typeof TRACE_ROW>;

/** With the time to which the range applies. */
const FOUND_ROW = { ...TRACE_ROW, time: 'number' } as const;
export type FoundRow = Row<typeof FOUND_ROW>;

export const COLUMNS = Object.keys(TRACE_ROW)
  .map((name) => `trace.${name}`)
  .join(', ');

/** Rows fetched at a time. */
const SCAN_ROWS = 64;
/** A condition that matches this many traces is not selective. */
const MANY_TRACES = 2_000;
/**
 * A word is common if this many traces in the two newest index tables have it: checking those takes as long as looking
 * up another common word.
 */
const COMMON_TRACES = 256;
/**
 * Before the index is searched for several common words, this many of the latest traces are checked one by one: an
 * intersection reads all traces of each word in a whole generation, although some of the latest traces probably match.
 */
const LATEST_TRACES = 4 * SCAN_ROWS;
/**
 * Limit of one statement: an expression with many branches, each in every table, would be huge. The predicate checks
 * the other conditions.
 */
const MAX_PARTS = 1_000;
/** Limits of an index query: SQLite accepts 1,000 terms in a chain, and each condition is counted in every table. */
const MAX_CONDITIONS = 20;
const MAX_ALTERNATIVES = 500;

const FIELD = 'field = (SELECT id FROM field WHERE name = ?)';

type Param = string | number;

interface Query {
  readonly sql: string;
  readonly params: readonly Param[];
}

/**
 * Calls `read` with the numbers of the index tables in use, newest first. In a transaction, because tables are emptied
 * and reused.
 */
export function overTables<T>(statements: Statements, read: (slots: readonly number[]) => T): T {
  statements.of('BEGIN').run();
  try {
    // The oldest generation also contains everything before it.
    const generations = statements.rows({ slot: 'number' }, 'SELECT slot FROM generation ORDER BY first DESC').all();
    const result = read(generations.map(({ slot }) => slot));
    statements.of('COMMIT').run();
    return result;
  } catch (error) {
    rollBack(statements);
    throw error;
  }
}

/** Ignores errors: after some of them SQLite has already rolled back. https://sqlite.org/lang_transaction.html */
function rollBack(statements: Statements): void {
  try {
    statements.of('ROLLBACK').run();
  } catch {
    // The first error is the one to report.
  }
}

/** Which traces a scan is about. */
interface Range extends TimeRange, Pick<Search, 'hasUnsampled'> {}

/** Finds the rows of traces, by time or by the index. */
export class Scans {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /**
   * The traces in `range` that may satisfy `conditions`, newest first. Sorted by time, or, if an index is used, by
   * order of arrival.
   */
  *rows(
    range: Range,
    allConditions: readonly Alternatives[],
    text: TextSearch | undefined,
    after: Cursor | undefined,
  ): Generator<FoundRow> {
    const conditions = allConditions
      .filter((alternatives) => alternatives.length <= MAX_ALTERNATIVES)
      .slice(0, MAX_CONDITIONS);
    const driver = this.#driverOf(conditions, text?.terms ?? []);
    if (driver === undefined) {
      yield* this.#byTime((slots) => timeQuery(range, conditions, slots), after);
      return;
    }
    let below = after?.row ?? Number.MAX_SAFE_INTEGER;
    if (driver.isCommon === true) below = yield* this.#latest(range, below);
    yield* this.#byIndex((slot) => indexQuery(range, conditions, driver, slot), below);
  }

  /** A few of the latest traces in `range` before row `before`; returns the row down to which it has searched. */
  *#latest(range: Range, before: number): Generator<FoundRow, number> {
    const { newest } = onlyRow(
      this.#statements.rows({ newest: 'number' }, 'SELECT coalesce(max(row), 0) AS newest FROM trace').get(),
    );
    const { time, where, params } = inRange(range);
    where.push('trace.row >= ? AND trace.row < ?');
    const sql = `SELECT ${COLUMNS}, ${time} AS time FROM trace NOT INDEXED WHERE ${all(where)} ORDER BY trace.row DESC`;
    let below = Math.min(before, newest + 1);
    for (const lowest = below - LATEST_TRACES; below > lowest; below -= SCAN_ROWS) {
      yield* this.#statements.rows(FOUND_ROW, sql).all(...params, below - SCAN_ROWS, below);
    }
    return below;
  }

  *#byTime(queryOver: (slots: readonly number[]) => Query, after: Cursor | undefined): Generator<FoundRow> {
    let { time, row } = after ?? { time: Infinity, row: Number.MAX_SAFE_INTEGER };
    for (;;) {
      const rows = overTables(this.#statements, (slots) => {
        const { sql, params } = queryOver(slots);
        const latest = Math.min(time, Number.MAX_VALUE);
        return this.#statements.rows(FOUND_ROW, sql).all(...params, latest, latest, row, SCAN_ROWS);
      });
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < SCAN_ROWS) return;
      ({ time, row } = last);
    }
  }

  *#byIndex(queryIn: (slot: number) => Query, before: number): Generator<FoundRow> {
    let below = before;
    for (;;) {
      const rows = this.#rowsBelow(queryIn, below);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < SCAN_ROWS) return;
      below = last.row;
    }
  }

  /** Reads one table after the other, from the newest. */
  #rowsBelow(queryIn: (slot: number) => Query, below: number): FoundRow[] {
    return overTables(this.#statements, (slots) => {
      const found: FoundRow[] = [];
      for (const slot of slots) {
        const { sql, params } = queryIn(slot);
        found.push(...this.#statements.rows(FOUND_ROW, sql).all(...params, below, SCAN_ROWS - found.length));
        if (found.length === SCAN_ROWS) break;
      }
      return found;
    });
  }

  /**
   * What the scan follows: the most selective of the conditions with one value and the words. Nothing if there are only
   * common words, and other conditions of the index are better.
   */
  #driverOf(conditions: readonly Alternatives[], terms: readonly TextTerm[]): Driver | undefined {
    const equalities: Driver[] = conditions.flatMap(([condition, ...others]) =>
      condition?.isEquality === true && others.length === 0 ? [{ condition }] : [],
    );
    if (terms.length === 0 && equalities.length < 2) return equalities[0];
    return overTables(this.#statements, (slots) => {
      const [term] = terms;
      if (term !== undefined && terms.length === 1 && conditions.length === 0)
        return matching(terms, this.#isCommon(slots, term.word));
      // While there is a rarer word, looking up common words costs more than it saves.
      const rare = terms.filter((term) => this.#countTerm(slots.slice(0, 2), term, COMMON_TRACES) < COMMON_TRACES);
      const text = matching(rare.length > 0 ? rare : terms, rare.length === 0);
      if (text !== undefined && rare.length === 0 && equalities.length === 0 && conditions.length > 0) return undefined;
      const candidates = text === undefined ? equalities : [...equalities, text];
      if (candidates.length < 2) return candidates[0];
      const counted = candidates.map((driver) => ({
        driver,
        traces: driver === text && rare.length === 0 ? MANY_TRACES : this.#count(slots, driver, MANY_TRACES),
      }));
      return counted.reduce((best, each) => (each.traces < best.traces ? each : best)).driver;
    });
  }

  #isCommon(slots: readonly number[], match: string): boolean {
    return this.#count(slots.slice(0, 2), { match, isCommon: false }, COMMON_TRACES) === COMMON_TRACES;
  }

  /**
   * Number of traces with the word, up to a limit. A prefix query reads all matching traces, so the whole word is
   * counted first.
   */
  #countTerm(slots: readonly number[], term: TextTerm, limit: number): number {
    const whole = this.#count(slots, { match: term.word, isCommon: false }, limit);
    return whole < limit && term.isBeginning
      ? this.#count(slots, { match: matchOf(term), isCommon: false }, limit)
      : whole;
  }

  #count(slots: readonly number[], driver: Driver, limit: number): number {
    let traces = 0;
    for (const slot of slots) {
      const { from, where, params } = driven(driver, slot);
      const statement = this.#statements.rows(
        { traces: 'number' },
        `SELECT count(*) AS traces FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ?)`,
      );
      traces += onlyRow(statement.get(...params, limit - traces)).traces;
      if (traces >= limit) break;
    }
    return traces;
  }
}

/** Yields traces in the order of their rows: a condition with one value, or the words of a text. */
type Driver =
  | { readonly condition: Condition; readonly match?: never; readonly isCommon?: never }
  /** `isCommon`: all of the words are common. */
  | { readonly match: string; readonly isCommon: boolean; readonly condition?: never };

function matching(terms: readonly TextTerm[], isCommon = false): Driver | undefined {
  return terms.length === 0 ? undefined : { match: terms.map(matchOf).join(' AND '), isCommon };
}

function matchOf({ word, isBeginning }: TextTerm): string {
  return isBeginning ? `${word}*` : word;
}

/** The table that a driver reads, as `term`, with the row of the trace as `id`. */
function driven(
  { condition, match }: Driver,
  slot: number,
): { from: string; id: string; where: string; params: readonly Param[] } {
  if (match === undefined)
    return {
      from: `${termTable(slot)} AS term`,
      id: 'term.trace',
      where: onField(condition.where),
      params: condition.params,
    };
  return { from: `${textTable(slot)} AS term`, id: 'term.rowid', where: `${textTable(slot)} MATCH ?`, params: [match] };
}

/** `slots` are the index tables in use: each makes the statement larger. */
function timeQuery(range: Range, conditions: readonly Alternatives[], slots: readonly number[]): Query {
  const tables = slots.map(termTable);
  const { time, where, params } = inRange(range);
  let left = MAX_PARTS;
  for (const alternatives of conditions) {
    const parts = alternatives.length * tables.length;
    if (parts > left) continue;
    left -= parts;
    const each = alternatives.map(
      ({ where: which }) =>
        `trace.row IN (${tables.map((table) => `SELECT trace FROM ${table} WHERE ${onField(which)}`).join(' UNION ALL ')})`,
    );
    where.push(each.join(' OR '));
    params.push(...alternatives.flatMap((condition) => tables.flatMap(() => condition.params)));
  }
  // The only upper bound of the time that can use the index: with a second one, SQLite reads all newer traces again for
  // each page.
  where.push(`${time} <= ?`, `${time} < ? OR trace.row < ?`);
  return {
    sql: `SELECT ${COLUMNS}, ${time} AS time FROM trace WHERE ${all(where)} ORDER BY ${time} DESC, trace.row DESC LIMIT ?`,
    params,
  };
}

/** Queries one index table: all index rows of a trace are in the same table. */
function indexQuery(range: Range, conditions: readonly Alternatives[], driver: Driver, slot: number): Query {
  const { time, where, params } = inRange(range);
  const { from, id, where: followed, params: followedParams } = driven(driver, slot);
  where.unshift(followed);
  params.unshift(...followedParams);
  let left = MAX_PARTS;
  for (const alternatives of conditions) {
    // Few traces remain, so each is looked up. A range of values would be read again for each trace; there the
    // predicate is cheaper.
    if (
      alternatives[0] === driver.condition ||
      !alternatives.every(({ isEquality }) => isEquality) ||
      alternatives.length > left
    )
      continue;
    left -= alternatives.length;
    const each = alternatives.map(
      (condition) =>
        `EXISTS (SELECT 1 FROM ${termTable(slot)} AS other WHERE ${onField(condition.where)} AND other.trace = ${id})`,
    );
    where.push(each.join(' OR '));
    params.push(...paramsOf(alternatives));
  }
  where.push(`${id} < ?`);
  return {
    sql: `SELECT ${COLUMNS}, ${time} AS time FROM ${from} CROSS JOIN trace ON trace.row = ${id} WHERE ${all(where)} ORDER BY ${id} DESC LIMIT ?`,
    params,
  };
}

function inRange({ type, start, end, hasUnsampled = false }: Range): {
  time: string;
  where: string[];
  params: Param[];
} {
  const time = type === 'Event' ? 'trace.received' : 'trace.start';
  const sampled = hasUnsampled ? [] : ['trace.unsampled = 0'];
  if (type !== 'Service') return { time, where: [`${time} >= ? AND +${time} < ?`, ...sampled], params: [start, end] };
  // A segment's end or the receipt is in the range; the documents decide which.
  const where = ['trace.start < ? AND trace.last_end >= ? OR trace.received >= ? AND trace.received < ?', ...sampled];
  return { time, where, params: [end, start, start, end] };
}

function paramsOf(alternatives: Alternatives): Param[] {
  return alternatives.flatMap((condition) => condition.params);
}

function all(where: readonly string[]): string {
  return where.map((each) => `(${each})`).join(' AND ');
}

function onField(where: string): string {
  return where.replace('field = ?', FIELD);
}
