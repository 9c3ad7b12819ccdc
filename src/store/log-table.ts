import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { onlyRow, prepareRows, type Rows } from './rows.ts';

/** A log record of a trace, in JSON. */
export interface LogText {
  readonly traceId: string;
  readonly text: string;
}

/** Limits of one trace: more than anybody reads under its spans. */
export const LOGS_A_TRACE = 1_000;
export const LOG_BYTES_A_TRACE = 1024 * 1024;
/** The share of the store's size that all logs may take. */
const SHARE = 0.1;
/** Beyond it, the oldest are deleted, this many at a time. */
const DELETED_AT_ONCE = 1_000;

/**
 * Log records beside the traces that they belong to, deleted with them. They are kept by the ID of the trace, because
 * they often arrive before its spans. Call within a transaction.
 */
export class LogTable {
  readonly #maxBytes: number;
  readonly #size: Rows<{ readonly logs: number; readonly bytes: number }>;
  readonly #insert: StatementSync;
  readonly #deleteOldest: Rows<{ readonly bytes: number }>;
  readonly #deleteOfTraces: Rows<{ readonly bytes: number }>;
  readonly #allBytes: Rows<{ readonly bytes: number }>;
  /** Of all records. */
  #bytes = 0;

  /** `maxBytes`: of the whole store. */
  constructor(database: DatabaseSync, maxBytes: number) {
    this.#maxBytes = maxBytes * SHARE;
    this.#size = prepareRows(
      database,
      { logs: 'number', bytes: 'number' },
      'SELECT count(*) AS logs, total(bytes) AS bytes FROM log WHERE trace = ?',
    );
    this.#insert = database.prepare('INSERT INTO log (trace, bytes, body) VALUES (?, ?, ?)');
    this.#deleteOldest = prepareRows(
      database,
      { bytes: 'number' },
      `DELETE FROM log WHERE row IN (SELECT row FROM log WHERE ${UNPINNED} ORDER BY row LIMIT ?) RETURNING bytes`,
    );
    this.#deleteOfTraces = prepareRows(
      database,
      { bytes: 'number' },
      'DELETE FROM log WHERE trace IN (SELECT id FROM trace WHERE row >= ? AND row <= ? AND pinned = 0) RETURNING bytes',
    );
    this.#allBytes = prepareRows(database, { bytes: 'number' }, 'SELECT total(bytes) AS bytes FROM log');
    this.load();
  }

  /** Counts again, for example after a rollback. */
  load(): void {
    this.#bytes = onlyRow(this.#allBytes.get()).bytes;
  }

  /** The number of records that are kept: a trace beyond its limits gets no more. */
  put(logs: readonly LogText[]): number {
    let kept = 0;
    for (const [traceId, ofTrace] of Map.groupBy(logs, (log) => log.traceId)) {
      let { logs: count, bytes } = onlyRow(this.#size.get(traceId));
      for (const { text } of ofTrace) {
        const own = Buffer.byteLength(text);
        if (count >= LOGS_A_TRACE || bytes + own > LOG_BYTES_A_TRACE) continue;
        this.#insert.run(traceId, own, text);
        count++;
        bytes += own;
        kept++;
        this.#bytes += own;
      }
    }
    while (this.#bytes > this.#maxBytes && this.#deleted(this.#deleteOldest.all(DELETED_AT_ONCE)));
    return kept;
  }

  /** Deletes those of the traces from one row to another, except pinned ones. Call before the traces are deleted. */
  deleteOf(firstTrace: number, lastTrace: number): void {
    // The usual case.
    if (this.#bytes > 0) this.#deleted(this.#deleteOfTraces.all(firstTrace, lastTrace));
  }

  /** Deletes all except those of pinned traces. */
  clear(): void {
    this.#deleted(this.#deleteOldest.all(-1));
  }

  /** False if there were none. */
  #deleted(rows: readonly { readonly bytes: number }[]): boolean {
    for (const { bytes } of rows) this.#bytes -= bytes;
    return rows.length > 0;
  }
}

const UNPINNED = 'trace NOT IN (SELECT id FROM trace WHERE pinned = 1)';
