import type { Search } from '../filter/search.ts';
import type { BalancerView } from '../trace/balancer.ts';
import type { TraceView } from '../trace/trace-view.ts';
import type { ReadBudget } from './read-budget.ts';
import type { SortKey } from './answers.ts';

/** Which time of a trace is in the range: its start, its last change, or the end of one of its segments. */
export type TimeRangeType = 'TraceId' | 'Event' | 'Service';

export interface TimeRange {
  readonly type: TimeRangeType;
  /** Seconds since the epoch: from `start`, before `end`. */
  readonly start: number;
  readonly end: number;
}

/** Where a scan continues: below this row, or below this time and row. */
export interface Cursor {
  readonly row: number;
  readonly time: number;
}

export interface Found {
  readonly view: TraceView;
  readonly cursor: Cursor;
}

/** A trace that may match; without `view`, it does not. */
export interface Candidate {
  readonly view: TraceView | undefined;
  readonly cursor: Cursor;
}

/** Traces that started in a time range, in seconds since the epoch. */
export interface Started extends Pick<Search, 'hasUnsampled'> {
  readonly start: number;
  readonly end: number;
}

/** The same, sorted. */
export interface InOrder extends Started {
  /** One of `orders`. */
  readonly key: SortKey;
  readonly isDescending: boolean;
  /** Seconds since the epoch: the time up to which running traces are counted. */
  readonly at: number;
  readonly after: { readonly value: string | number; readonly row: number } | undefined;
  readonly limit: number;
}

/** Row, start, seconds or -1, status rank, 1 while in progress. */
export type TraceFacts = readonly [row: number, start: number, seconds: number, status: number, isOpen: number];

/** What queries read from: a store of traces. Synchronous, in the thread that answers. */
export interface TraceSource {
  /** Limits of one response. */
  readonly budget: ReadBudget;
  /** Orders that it supports itself, for `inOrder` and `rowsInOrder`. */
  readonly orders: ReadonlySet<SortKey>;
  trace(id: string): TraceView | undefined;
  /** Whether any trace has lines of a load balancer's access log. */
  readonly hasAccessLog: boolean;
  /** What load balancers' access logs say about a trace. */
  balancersOf(id: string): readonly BalancerView[];
  /** The trace at a row; undefined if it has been deleted. */
  traceAt(row: number): TraceView | undefined;
  /** The row of a trace. */
  rowOf(id: string): number | undefined;
  /** How many traces started in the range. */
  countIn(range: Started): number;
  /** How many traces started in the range, and the longest duration by `lengthOf`. */
  totals(range: Started, lengthOf: (view: TraceView) => number | null): { traces: number; longest: number | null };
  inOrder(order: InOrder): Iterable<{ view: TraceView; value: string | number; row: number }>;
  /** Like `inOrder`, but only the rows. */
  rowsInOrder(order: Omit<InOrder, 'after'>): Float64Array;
  /** For charts: newest first, after `last`. */
  facts(of: Started & { at: number; last: TraceFacts | undefined; limit: number }): TraceFacts[];
  /** The traces in `range` that may match, newest first. The caller checks whether they match, and the exact range. */
  candidates(range: TimeRange, search: Search, after?: Cursor): Iterable<Candidate>;
}
