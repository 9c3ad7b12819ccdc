import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { prepareRows, type Rows } from './rows.ts';
import { documentRows } from './schema.ts';

/** A line of a load balancer's access log, and the trace that it names. */
export interface LogLine {
  readonly traceId: string;
  readonly line: string;
}

/** What became of lines, and the traces that changed. */
export interface AttachedLines {
  readonly attached: number;
  /** The trace has the same line already. */
  readonly known: number;
  /** The trace is not stored: the lines are not kept for it. */
  readonly missing: number;
  /** The trace has `LINES_A_TRACE` lines already. */
  readonly beyond: number;
  readonly changed: readonly string[];
}

export const LINES_A_TRACE = 100;

/** The writing side of the table of access log lines, whose rows are numbered like the documents of their trace. */
export class AccessLogs {
  readonly #findTrace: Rows<{ readonly row: number }>;
  readonly #lines: Rows<{ readonly row: number; readonly line: string }>;
  readonly #add: StatementSync;
  readonly #change: StatementSync;

  constructor(database: DatabaseSync) {
    this.#findTrace = prepareRows(database, { row: 'number' }, 'SELECT row FROM trace WHERE id = ?');
    this.#lines = prepareRows(
      database,
      { row: 'number', line: 'text' },
      'SELECT row, line FROM access_log WHERE row >= ? AND row < ? ORDER BY row',
    );
    this.#add = database.prepare('INSERT INTO access_log (row, line) VALUES (?, ?)');
    // `received` stays: X-Ray's time ranges go by it, and no segment arrived.
    this.#change = database.prepare('UPDATE trace SET revision = revision + 1, bytes = bytes + ? WHERE row = ?');
  }

  /** Call in a transaction. */
  attach(lines: readonly LogLine[]): AttachedLines {
    const result = { attached: 0, known: 0, missing: 0, beyond: 0 };
    const changed = new Set<string>();
    for (const each of lines) {
      const outcome = this.#attachOne(each);
      result[outcome]++;
      if (outcome === 'attached') changed.add(each.traceId);
    }
    return { ...result, changed: [...changed] };
  }

  #attachOne({ traceId, line }: LogLine): 'attached' | 'known' | 'missing' | 'beyond' {
    const found = this.#findTrace.get(traceId);
    if (found === undefined) return 'missing';
    const { first, last } = documentRows(found.row);
    const before = this.#lines.all(first, last);
    if (before.some((each) => each.line === line)) return 'known';
    if (before.length >= LINES_A_TRACE) return 'beyond';
    this.#add.run((before.at(-1)?.row ?? first - 1) + 1, line);
    this.#change.run(line.length, found.row);
    return 'attached';
  }
}
