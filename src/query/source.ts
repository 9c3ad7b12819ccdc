import type { Search } from '../filter/search.ts';
import type { TraceView } from '../trace/trace-view.ts';
import type { AnswerRoom } from './answer-room.ts';
import type { SortKey } from './answers.ts';

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

/** A trace that may match; without `view` it was found not to. */
export interface Candidate {
  readonly view: TraceView | undefined;
  readonly cursor: Cursor;
}

/** Traces that began in a time range, in seconds since the epoch, in an order. */
export interface InOrder {
  readonly start: number;
  readonly end: number;
  /** One of `orders`. */
  readonly key: SortKey;
  readonly isDescending: boolean;
  /** Seconds since the epoch: what is running is as long as it was then. */
  readonly at: number;
  readonly after: { readonly value: string | number; readonly row: number } | undefined;
  readonly limit: number;
}

/** Row, start, seconds or -1, rank of the status, 1 while in progress. */
export type TraceFacts = readonly [row: number, start: number, seconds: number, status: number, isOpen: number];

/** What questions are asked of: a store of traces. Synchronous, in the thread that answers. */
export interface TraceSource {
  /** What one answer may cost. */
  readonly room: AnswerRoom;
  /** Orders that it keeps by itself, for `inOrder` and `rowsInOrder`. */
  readonly orders: ReadonlySet<SortKey>;
  trace(id: string): TraceView | undefined;
  /** By its row; undefined when it is gone. */
  traceAt(row: number): TraceView | undefined;
  /** The row of a trace's id. */
  rowOf(id: string): number | undefined;
  /** How many traces began in the range. */
  countIn(range: { readonly start: number; readonly end: number }): number;
  /** How many traces began in the range, and the longest duration as `lengthOf` gives it. */
  totals(start: number, end: number, lengthOf: (view: TraceView) => number | null): { traces: number; longest: number | null };
  inOrder(order: InOrder): Iterable<{ view: TraceView; value: string | number; row: number }>;
  /** `inOrder`, the rows alone. */
  rowsInOrder(order: Omit<InOrder, 'after'>): Float64Array;
  /** For charts: newest first, after the one `last`. */
  facts(of: { start: number; end: number; at: number; last: TraceFacts | undefined; limit: number }): TraceFacts[];
  /** The traces in `range` that may match, newest first. Whether they do, and the exact range, are the caller's to check. */
  candidates(range: Range, search: Search, after?: Cursor): Iterable<Candidate>;
  /** Traces that an earlier xrayd stored and that words do not find yet. */
  withoutText(): number;
}
