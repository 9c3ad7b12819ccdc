import { OUTCOMES, type ChartPoints, type Overview, type TraceRow } from '../../../src/api/page-types.ts';
import { shownTimes, type ShownTimes } from '../../../src/trace/shown-times.ts';
import { list } from '../live.ts';
import { severityOf } from '../outcomes.ts';
import { param } from '../route.ts';
import { searched } from '../search.ts';
import { nowSeconds } from '../wall-clock.ts';

/** A trace as a point of a chart. */
export interface ChartPoint extends Pick<TraceRow, 'start' | 'duration' | 'outcome' | 'isOpen'> {
  /** The number of traces at this point; 1 by default. */
  readonly count?: number;
  /** Row number of the trace, for a point from the store. */
  readonly row?: number;
}

/** Data of the charts and the legend: from the rows of the page, or from the store if it has more. */
export interface ChartData {
  readonly points: readonly ChartPoint[];
  /** For the histogram, which covers all time. */
  readonly lengths: readonly ChartPoint[];
  readonly times: ShownTimes;
  /** Traces of each outcome, in the order of OUTCOMES. */
  readonly outcomes: readonly number[];
}

export function chartData(): ChartData {
  const overview = list.overview.peek();
  if (overview !== undefined) return ofStore(overview);
  const { rows } = list;
  const { from, to } = searched.peek() ?? {};
  const outcomes = OUTCOMES.map(() => 0);
  for (const { outcome } of rows) outcomes[severityOf(outcome)]!++;
  const times = shownTimes(
    rows.map(({ start }) => start),
    { from, to, isAll: param('chart') === 'all', now: nowSeconds() },
  );
  return { points: rows, lengths: rows, times, outcomes };
}

let last: { readonly of: Overview; readonly data: ChartData } | undefined;

function ofStore(overview: Overview): ChartData {
  if (last?.of === overview) return last.data;
  const { times, outcomes, lengths } = overview;
  const data = { points: pointsOf(overview.points, times.from), lengths: pointsOf(lengths, 0), times, outcomes };
  last = { of: overview, data };
  return data;
}

function pointsOf(
  { seconds, outcomes, counts, ...others }: Overview['lengths'] & Partial<ChartPoints>,
  from: number,
): ChartPoint[] {
  const { starts, open, rows } = others;
  return seconds.map((duration, i) => ({
    start: from + (starts?.[i] ?? 0),
    duration,
    outcome: OUTCOMES[outcomes[i]!]!,
    isOpen: open?.[i] === 1,
    count: counts[i]!,
    ...(rows === undefined ? {} : { row: rows[i]! }),
  }));
}
