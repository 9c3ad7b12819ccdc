import type { Alternatives, Condition } from '../filter/sql.ts';
import type { TextSearch, TextTerm } from '../filter/text.ts';
import type { Cursor, Range } from '../query/source.ts';
import { termTable, textTable } from './schema.ts';
import type { Statements } from './statements.ts';

/** What the table of traces says of one. */
export interface TraceRow {
  readonly row: number;
  readonly id: string;
  readonly start: number;
  readonly received: number;
  readonly revision: number;
  readonly bytes: number;
}

/** With the time that the range is of. */
export type FoundRow = TraceRow & { readonly time: number };

export const COLUMNS = 'trace.row, trace.id, trace.start, trace.received, trace.revision, trace.bytes';

/** Rows fetched at a time. */
const SCAN_ROWS = 64;
/** A value that so many traces have leads nowhere. */
const MANY_TRACES = 2_000;
/** A word that so many traces have in the two newest tables of the index: to check these takes as long as to look another common word up. */
const COMMON_TRACES = 256;
/**
 * Looked at one by one before the index is asked for words that many traces have each: to find out which have all of them it reads all that have one, in
 * a generation at a time, and some of the latest have them.
 */
const LATEST_TRACES = 4 * SCAN_ROWS;
/** Of one statement: an expression of more branches, each in each table, would be one without end. The predicate alone decides about the conditions beyond. */
const MAX_PARTS = 1_000;
/** What the index is asked for, at most: SQLite takes 1,000 terms in one chain, and each condition is counted in each table. */
const MAX_CONDITIONS = 20;
const MAX_ALTERNATIVES = 500;

const FIELD = 'field = (SELECT id FROM field WHERE name = ?)';

type Param = string | number;

interface Query {
  readonly sql: string;
  readonly params: readonly Param[];
}

/** Calls `read` with the numbers of the index's tables that are in use, newest first. In a transaction, since tables are emptied and used again. */
export function overTables<T>(statements: Statements, read: (slots: readonly number[]) => T): T {
  statements.of('BEGIN').run();
  try {
    // The oldest one has all that came before it, too.
    const generations = statements.of('SELECT slot FROM generation ORDER BY first DESC').all();
    const result = read(generations.map(({ slot }) => slot as number));
    statements.of('COMMIT').run();
    return result;
  } catch (error) {
    rollBack(statements);
    throw error;
  }
}

/** After some errors SQLite has done so already. https://sqlite.org/lang_transaction.html */
function rollBack(statements: Statements): void {
  try {
    statements.of('ROLLBACK').run();
  } catch {
    // What is to be known is the error before.
  }
}

/** Finds the rows of traces, by time or by the index. */
export class Scans {
  readonly #statements: Statements;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /**
   * The traces in `range` that may satisfy `conditions`, newest first. Without an index to follow they come by time, with one by the order of
   * arrival.
   */
  *rows(range: Range, allConditions: readonly Alternatives[], text: TextSearch | undefined, after: Cursor | undefined): Generator<FoundRow> {
    const conditions = allConditions.filter((alternatives) => alternatives.length <= MAX_ALTERNATIVES).slice(0, MAX_CONDITIONS);
    const driver = this.#driverOf(conditions, text?.terms ?? []);
    if (driver === undefined) {
      yield* this.#byTime((slots) => timeQuery(range, conditions, slots), after);
      return;
    }
    let below = after?.row ?? Number.MAX_SAFE_INTEGER;
    if (driver.isCommon === true) below = yield* this.#latest(range, below);
    yield* this.#byIndex((slot) => indexQuery(range, conditions, driver, slot), below);
  }

  /** The traces in `range` that came last before row `before`, a few of them: down to the row that is returned. */
  *#latest(range: Range, before: number): Generator<FoundRow, number> {
    const newest = Number(this.#statements.of('SELECT max(row) AS newest FROM trace').get()!['newest'] ?? 0);
    const { time, where, params } = inRange(range);
    where.push('trace.row >= ? AND trace.row < ?');
    const sql = `SELECT ${COLUMNS}, ${time} AS time FROM trace NOT INDEXED WHERE ${all(where)} ORDER BY trace.row DESC`;
    let below = Math.min(before, newest + 1);
    for (const lowest = below - LATEST_TRACES; below > lowest; below -= SCAN_ROWS) {
      yield* this.#statements.of(sql).all(...params, below - SCAN_ROWS, below) as unknown as FoundRow[];
    }
    return below;
  }

  *#byTime(queryOver: (slots: readonly number[]) => Query, after: Cursor | undefined): Generator<FoundRow> {
    let { time, row } = after ?? { time: Infinity, row: Number.MAX_SAFE_INTEGER };
    for (;;) {
      const rows = overTables(this.#statements, (slots) => {
        const { sql, params } = queryOver(slots);
        const latest = Math.min(time, Number.MAX_VALUE);
        return this.#statements.of(sql).all(...params, latest, latest, row, SCAN_ROWS) as unknown as FoundRow[];
      });
      yield* rows;
      if (rows.length < SCAN_ROWS) return;
      ({ time, row } = rows.at(-1)!);
    }
  }

  *#byIndex(queryIn: (slot: number) => Query, before: number): Generator<FoundRow> {
    let below = before;
    for (;;) {
      const rows = this.#rowsBelow(queryIn, below);
      yield* rows;
      if (rows.length < SCAN_ROWS) return;
      below = rows.at(-1)!.row;
    }
  }

  /** Table by table: the later its traces came, the earlier. */
  #rowsBelow(queryIn: (slot: number) => Query, below: number): FoundRow[] {
    return overTables(this.#statements, (slots) => {
      const found: FoundRow[] = [];
      for (const slot of slots) {
        const { sql, params } = queryIn(slot);
        found.push(...(this.#statements.of(sql).all(...params, below, SCAN_ROWS - found.length) as unknown as FoundRow[]));
        if (found.length === SCAN_ROWS) break;
      }
      return found;
    });
  }

  /**
   * What is followed: of the conditions with one value, and of the words, what the fewest traces have. Nothing when it is only words that many have, and
   * the index can say more than that.
   */
  #driverOf(conditions: readonly Alternatives[], terms: readonly TextTerm[]): Driver | undefined {
    const equalities: Driver[] = conditions.flatMap((alternatives) =>
      alternatives.length === 1 && alternatives[0]!.isEquality ? [{ condition: alternatives[0]! }] : [],
    );
    if (terms.length === 0 && equalities.length < 2) return equalities[0];
    return overTables(this.#statements, (slots) => {
      if (terms.length === 1 && conditions.length === 0) return matching(terms, this.#isCommon(slots, terms[0]!.word));
      // Words that many traces have cost more to look up than they leave out, while there is a rarer one.
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

  /** Traces that have the word, up to a limit. To ask for the beginning of a word reads all that have it, so whole words are counted first. */
  #countTerm(slots: readonly number[], term: TextTerm, limit: number): number {
    const whole = this.#count(slots, { match: term.word, isCommon: false }, limit);
    return whole < limit && term.isBeginning ? this.#count(slots, { match: matchOf(term), isCommon: false }, limit) : whole;
  }

  #count(slots: readonly number[], driver: Driver, limit: number): number {
    let traces = 0;
    for (const slot of slots) {
      const { from, where, params } = driven(driver, slot);
      const statement = this.#statements.of(`SELECT count(*) AS traces FROM (SELECT 1 FROM ${from} WHERE ${where} LIMIT ?)`);
      traces += Number(statement.get(...params, limit - traces)!['traces']);
      if (traces >= limit) break;
    }
    return traces;
  }
}

/** Gives traces in the order of their rows: a condition with one value, or the words of a text. */
type Driver =
  | { readonly condition: Condition; readonly match?: never; readonly isCommon?: never }
  /** `isCommon`: many traces have each of the words. */
  | { readonly match: string; readonly isCommon: boolean; readonly condition?: never };

function matching(terms: readonly TextTerm[], isCommon = false): Driver | undefined {
  return terms.length === 0 ? undefined : { match: terms.map(matchOf).join(' AND '), isCommon };
}

function matchOf({ word, isBeginning }: TextTerm): string {
  return isBeginning ? `${word}*` : word;
}

/** The table that a driver reads, as `term`, with the trace's row as `id`. */
function driven({ condition, match }: Driver, slot: number): { from: string; id: string; where: string; params: readonly Param[] } {
  if (match === undefined) return { from: `${termTable(slot)} AS term`, id: 'term.trace', where: onField(condition.where), params: condition.params };
  return { from: `${textTable(slot)} AS term`, id: 'term.rowid', where: `${textTable(slot)} MATCH ?`, params: [match] };
}

/** `slots` are the tables of the index that are in use: each makes the statement larger. */
function timeQuery(range: Range, conditions: readonly Alternatives[], slots: readonly number[]): Query {
  const tables = slots.map(termTable);
  const { time, where, params } = inRange(range);
  let left = MAX_PARTS;
  for (const alternatives of conditions) {
    const parts = alternatives.length * tables.length;
    if (parts > left) continue;
    left -= parts;
    const each = alternatives.map(
      ({ where: which }) => `trace.row IN (${tables.map((table) => `SELECT trace FROM ${table} WHERE ${onField(which)}`).join(' UNION ALL ')})`,
    );
    where.push(each.join(' OR '));
    params.push(...alternatives.flatMap((condition) => tables.flatMap(() => condition.params)));
  }
  // The only upper bound of the time that is a range of its index: with another one SQLite reads all newer traces again for each page.
  where.push(`${time} <= ?`, `${time} < ? OR trace.row < ?`);
  return { sql: `SELECT ${COLUMNS}, ${time} AS time FROM trace WHERE ${all(where)} ORDER BY ${time} DESC, trace.row DESC LIMIT ?`, params };
}

/** Of one table of the index: all that the index says of a trace is in the same one. */
function indexQuery(range: Range, conditions: readonly Alternatives[], driver: Driver, slot: number): Query {
  const { time, where, params } = inRange(range);
  const { from, id, where: followed, params: followedParams } = driven(driver, slot);
  where.unshift(followed);
  params.unshift(...followedParams);
  let left = MAX_PARTS;
  for (const alternatives of conditions) {
    // Few traces come: each is looked up. What has a range of values would be read again for each, and the predicate is cheaper.
    if (alternatives[0] === driver.condition || !alternatives.every(({ isEquality }) => isEquality) || alternatives.length > left) continue;
    left -= alternatives.length;
    const each = alternatives.map(
      (condition) => `EXISTS (SELECT 1 FROM ${termTable(slot)} AS other WHERE ${onField(condition.where)} AND other.trace = ${id})`,
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

function inRange({ type, start, end }: Range): { time: string; where: string[]; params: Param[] } {
  const time = type === 'Event' ? 'trace.received' : 'trace.start';
  if (type !== 'Service') return { time, where: [`${time} >= ? AND +${time} < ?`], params: [start, end] };
  // A segment's end, or the receipt, lies in the range; which it is, the documents say.
  const where = ['trace.start < ? AND trace.last_end >= ? OR trace.received >= ? AND trace.received < ?'];
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
