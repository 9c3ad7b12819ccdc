/** The responses to the page's queries. Times are seconds since the epoch, durations seconds. */

import type { OutcomeName } from '../trace/outcome.ts';
import type { ShownTimes } from '../trace/shown-times.ts';

/** The outcome of a trace in its row; `live` while its root is in progress. */
export type RowOutcome = OutcomeName;

/** From mild to severe. */
export const OUTCOMES: readonly RowOutcome[] = ['ok', 'live', 'error', 'throttle', 'fault'];

/** The worst outcome has the highest severity. */
export function severityOf(outcome: RowOutcome): number {
  return OUTCOMES.indexOf(outcome);
}

/** Sort key of the status column: the outcome, then the HTTP status. */
export function statusRank(outcome: RowOutcome, status: number | null | undefined): number {
  return severityOf(outcome) * 1_000 + (status ?? 0);
}

/** A trace in the list. */
export interface TraceRow {
  readonly id: string;
  readonly start: number;
  /** null while no part of it is complete. */
  readonly duration: number | null;
  readonly outcome: RowOutcome;
  /** HTTP status of the root. */
  readonly status: number | null;
  readonly method: string | null;
  readonly url: string | null;
  /** Name of the root segment, or of its substitute. */
  readonly name: string;
  /** `origin` of the root. */
  readonly type: string | null;
  /** The first services, in the order in which they were entered. */
  readonly services: readonly string[];
  /** Number of all services, without the client. */
  readonly serviceCount: number;
  /** Segments, subsegments and inferred calls. */
  readonly spans: number;
  /** Whether its root is in progress, whatever its outcome so far. */
  readonly isOpen: boolean;
  readonly isPartial: boolean;
  /** Whether AWS would keep it. */
  readonly isSampled: boolean;
  /** Increases with each change. */
  readonly revision: number;
}

/** Seconds: the duration of a trace, or how long it has been running at the time `at`; null if unknown. */
export function lengthOf(
  { isOpen, start, duration }: Pick<TraceRow, 'isOpen' | 'start' | 'duration'>,
  at: number,
): number | null {
  // For a live trace, the completed parts say nothing about the whole.
  return isOpen && start > 0 ? Math.max(0, at - start) : duration;
}

/** Values of `sort` for `GET /api/traces`; a `-` in front sorts in descending order. */
export const SORT_KEYS = ['start', 'name', 'services', 'status', 'duration', 'spans'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Totals of the matching traces. */
export interface RowTotals {
  readonly traces: number;
  /** Whether every trace of the store was examined. */
  readonly isExact: boolean;
  /** The longest `duration` of the complete traces, in seconds; null if there is none. */
  readonly longest: number | null;
}

/** `GET /api/window`: part of all matches, by position in an order that stays constant while it is read. */
export interface RowsWindow {
  /**
   * From the first requested position; null for a deleted trace. For large traces, there may be fewer than requested.
   */
  readonly rows: readonly (TraceRow | null)[];
  /** Identifies the order, for `ranking` of the next request: if it changes, all positions are new. */
  readonly ranking: string;
  /** Number of traces in the order. */
  readonly traces: number;
  /** The position of the trace `find`, from 0; null if it has none. */
  readonly found: number | null;
}

/** `GET /api/overview`: data for the chart and legend of all matches, however many. */
export interface Overview extends RowTotals {
  /** Number of traces per outcome, in the order of OUTCOMES. */
  readonly outcomes: readonly number[];
  readonly times: ShownTimes;
  /** Traces that started in that time. */
  readonly points: ChartPoints;
  /** Complete traces of any time: how many took about how long, by outcome. */
  readonly lengths: Pick<ChartPoints, 'seconds' | 'outcomes' | 'counts'>;
}

/**
 * Columns. Traces of the same outcome at the same place of the chart are one point, at the position of the first of
 * them.
 */
export interface ChartPoints {
  /** Seconds from the start of the time range. */
  readonly starts: readonly number[];
  /** Duration; for a running trace, up to the time of the response. */
  readonly seconds: readonly number[];
  /** Indexes in OUTCOMES. */
  readonly outcomes: readonly number[];
  /** Number of traces that each point represents. */
  readonly counts: readonly number[];
  /** 1 if it is running, whatever its outcome so far. */
  readonly open: readonly number[];
  /** Row of the trace at the point: `GET /api/row?row=` returns its TraceRow, or null if it has been deleted. */
  readonly rows: readonly number[];
}

export type { Finding } from '../trace/model.ts';
