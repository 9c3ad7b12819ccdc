/** What the questions of the page are answered with. Times are seconds since the epoch, lengths of time seconds. */

import type { OutcomeName } from '../trace/entity.ts';
import type { ShownTimes } from '../trace/shown-times.ts';

/** What became of a trace, as its row shows it; `live` while its root is in progress. */
export type RowOutcome = OutcomeName;

/** Mildest first. */
export const OUTCOMES: readonly RowOutcome[] = ['ok', 'live', 'error', 'throttle', 'fault'];

/** The worst of several has the greatest. */
export function severityOf(outcome: RowOutcome): number {
  return OUTCOMES.indexOf(outcome);
}

/** What a list is ordered by for its status: the outcome, and among alike the HTTP status. */
export function statusRank(outcome: RowOutcome, status: number | null | undefined): number {
  return severityOf(outcome) * 1_000 + (status ?? 0);
}

/** A trace in the list. */
export interface TraceRow {
  readonly id: string;
  readonly start: number;
  /** null while nothing of it is complete. */
  readonly duration: number | null;
  readonly outcome: RowOutcome;
  /** HTTP status of the root. */
  readonly status: number | null;
  readonly method: string | null;
  readonly url: string | null;
  /** Of the root segment, or of what there is instead. */
  readonly name: string;
  /** `origin` of the root. */
  readonly type: string | null;
  /** The first services, the one that was entered first. */
  readonly services: readonly string[];
  /** Of all services, the client not counted. */
  readonly serviceCount: number;
  /** Segments, subsegments and inferred calls. */
  readonly spans: number;
  /** Its root is in progress, whatever its outcome so far. */
  readonly isOpen: boolean;
  readonly isPartial: boolean;
  /** Grows with each change. */
  readonly revision: number;
}

/** Seconds: how long a trace took, or how long it has been running at the time `at`; null when nothing of it says so. */
export function lengthOf({ isOpen, start, duration }: Pick<TraceRow, 'isOpen' | 'start' | 'duration'>, at: number): number | null {
  // What is complete of a live one says nothing about the whole.
  return isOpen && start > 0 ? Math.max(0, at - start) : duration;
}

/** What `sort` of `GET /api/traces` may be, with `-` before it for the greatest first. */
export const SORT_KEYS = ['start', 'name', 'services', 'status', 'duration', 'spans'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Of the traces that match. */
export interface RowTotals {
  readonly traces: number;
  /** Every trace of the store was looked at. */
  readonly isExact: boolean;
  /** The longest `duration` of those that are complete, in seconds; null when there is none. */
  readonly longest: number | null;
}

/** `GET /api/window`: a part of all that match, by position in an order that does not change while it is read. */
export interface RowsWindow {
  /** From the first position that was asked for; null for a trace that has gone. Of large traces it may be fewer than were asked for. */
  readonly rows: readonly (TraceRow | null)[];
  /** Names the order, for `ranking` of the next window: with another one all positions are new. */
  readonly ranking: string;
  /** How many have a place in it. */
  readonly traces: number;
  /** The position of the trace `find`, null when it has none; from 0 on. */
  readonly found: number | null;
}

/** `GET /api/overview`: what a chart and a legend say of all that match, however many. */
export interface Overview extends RowTotals {
  /** Traces of each outcome, in the order of OUTCOMES. */
  readonly outcomes: readonly number[];
  readonly times: ShownTimes;
  /** Traces that began in those times. */
  readonly points: ChartPoints;
  /** Complete ones of whatever time: how many took about how long, by outcome. */
  readonly lengths: Pick<ChartPoints, 'seconds' | 'outcomes' | 'counts'>;
}

/** Column by column. Traces of one outcome that a chart draws at one place are one point, which is where the first of them is. */
export interface ChartPoints {
  /** Seconds from the beginning of the times. */
  readonly starts: readonly number[];
  /** Duration; of what is running, up to the answer. */
  readonly seconds: readonly number[];
  /** Positions in OUTCOMES. */
  readonly outcomes: readonly number[];
  /** How many traces each stands for. */
  readonly counts: readonly number[];
  /** 1 for what is running, whatever its outcome so far. */
  readonly open: readonly number[];
  /** Of the trace that is where the point is: `GET /api/row?row=` has its TraceRow, or null when it has gone. */
  readonly rows: readonly number[];
}

/** Something that AWS would do differently, silently: a member of `Findings` of `GET /api/traces/ID/findings`. */
export interface Finding {
  readonly code: string;
  /** The (sub)segment meant; null for the whole trace. */
  readonly id: string | null;
  readonly message: string;
  readonly remedy: string;
}
