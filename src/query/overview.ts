import { lengthOf, OUTCOMES, severityOf, type ChartPoints, type Overview } from './answers.ts';
import { shownTimes, type TimeChoice } from '../trace/shown-times.ts';
import type { Started, TraceSource, TraceFacts } from './source.ts';
import type { Rankings, Selection } from './ranking.ts';
import { pointOf } from './row.ts';
import { slices } from './slices.ts';
import { found } from './trace-summaries.ts';

export interface OverviewRequest extends Selection {
  readonly chosen: Omit<TimeChoice, 'now'>;
}

/** Columns of a chart: about as many as can be told apart on a screen. */
const COLUMNS = 300;
const STEPS_A_DECADE = 20;
/** Limit of the traces in an overview, newest first; far more than a chart can show. */
const MAX_TRACES = 1_000_000;
/** Rows per query of the table: half the work of a slice. */
const ROWS_AT_ONCE = 1_000;
/** Traces that were not examined by then are left out, and the response says so. */
const LONGEST_MS = 2_000;
const SHORTEST = 1e-6;

/** Data of many traces, in columns. */
class Gathered {
  readonly rows: number[] = [];
  readonly starts: number[] = [];
  /** -1 if unknown. */
  readonly seconds: number[] = [];
  readonly outcomes: number[] = [];
  readonly open: number[] = [];

  add(row: number, start: number, seconds: number, outcome: number, open: number): void {
    this.rows.push(row);
    this.starts.push(start);
    this.seconds.push(seconds);
    this.outcomes.push(outcome);
    this.open.push(open);
  }
}

/**
 * Data for the chart and legend of all matches. Without a filter, the table of traces has it; with a filter, each trace
 * is examined.
 */
export async function overviewOf(
  reader: TraceSource,
  rankings: Rankings,
  { chosen, ...set }: OverviewRequest,
): Promise<Overview> {
  const now = rankings.now();
  const gathered = new Gathered();
  const isPlain = set.filter === undefined && set.text === undefined;
  const isWhole = isPlain
    ? await gatherFacts(reader, set, now, gathered)
    : await gatherFound(reader, set, now, gathered);
  const totals = isPlain
    ? await rankings.totals(set)
    : { traces: gathered.rows.length, isExact: isWhole, longest: longestOf(gathered) };
  const outcomes = OUTCOMES.map(() => 0);
  for (const outcome of gathered.outcomes) outcomes[outcome]!++;
  const times = shownTimes(gathered.starts, { ...chosen, now });
  return { ...totals, outcomes, times, points: pointsOf(gathered, times), lengths: lengthsOf(gathered) };
}

async function gatherFacts(
  reader: TraceSource,
  { start, end, hasUnsampled }: Selection,
  at: number,
  into: Gathered,
): Promise<boolean> {
  for await (const facts of slices(tableOf(reader, { start, end, hasUnsampled, at }))) {
    for (const [row, began, seconds, status, isOpen] of facts)
      into.add(row, began, seconds, Math.floor(status / 1_000), isOpen);
    if (into.rows.length >= MAX_TRACES) return false;
  }
  return true;
}

function* tableOf(reader: TraceSource, range: Started & { at: number }) {
  let last: TraceFacts | undefined;
  do {
    const facts = reader.facts({ ...range, last, limit: ROWS_AT_ONCE });
    yield facts;
    last = facts.length < ROWS_AT_ONCE ? undefined : facts.at(-1);
  } while (last !== undefined);
}

async function gatherFound(reader: TraceSource, set: Selection, at: number, into: Gathered): Promise<boolean> {
  const untilMs = performance.now() + LONGEST_MS;
  for await (const { view, cursor } of found(reader, { type: 'TraceId', start: set.start, end: set.end }, set)) {
    const point = pointOf(view);
    into.add(cursor.row, point.start, lengthOf(point, at) ?? -1, severityOf(point.outcome), point.isOpen ? 1 : 0);
    if (performance.now() > untilMs) return false;
  }
  return true;
}

function longestOf({ seconds, open }: Gathered): number | null {
  let longest = -1;
  for (const [i, each] of seconds.entries()) if (open[i] === 0 && each > longest) longest = each;
  return longest < 0 ? null : longest;
}

function stepOf(seconds: number): number {
  return Math.round(Math.log10(Math.max(SHORTEST, seconds)) * STEPS_A_DECADE);
}

/** Merges traces of the same outcome at the same place of the chart into one point. */
function pointsOf(
  { rows, starts, seconds, outcomes, open }: Gathered,
  times: { from: number; to: number },
): ChartPoints {
  const width = Math.max(times.to - times.from, 1e-3);
  const at = new Map<number, number>();
  const points = {
    starts: [] as number[],
    seconds: [] as number[],
    outcomes: [] as number[],
    counts: [] as number[],
    open: [] as number[],
    rows: [] as number[],
  };
  for (const [i, start] of starts.entries()) {
    const length = seconds[i]!;
    if (length < 0 || start < times.from || start > times.to) continue;
    const column = Math.min(COLUMNS - 1, Math.floor(((start - times.from) / width) * COLUMNS));
    const cell = ((stepOf(length) + 1_000) * COLUMNS + column) * 16 + outcomes[i]! * 2 + open[i]!;
    const known = at.get(cell);
    if (known !== undefined) {
      points.counts[known]!++;
      continue;
    }
    at.set(cell, points.starts.length);
    points.starts.push(Number((start - times.from).toFixed(4)));
    points.seconds.push(Number(length.toPrecision(4)));
    points.outcomes.push(outcomes[i]!);
    points.counts.push(1);
    points.open.push(open[i]!);
    points.rows.push(rows[i]!);
  }
  return points;
}

function lengthsOf({ seconds, outcomes, open }: Gathered): Overview['lengths'] {
  const at = new Map<number, number>();
  const lengths = { seconds: [] as number[], outcomes: [] as number[], counts: [] as number[] };
  for (const [i, length] of seconds.entries()) {
    if (length < 0 || open[i] === 1) continue;
    const cell = (stepOf(length) + 1_000) * 8 + outcomes[i]!;
    const known = at.get(cell);
    if (known !== undefined) {
      lengths.counts[known]!++;
      continue;
    }
    at.set(cell, lengths.seconds.length);
    lengths.seconds.push(Number(length.toPrecision(4)));
    lengths.outcomes.push(outcomes[i]!);
    lengths.counts.push(1);
  }
  return lengths;
}
