import type { TraceRow } from './answers.ts';
import type { Search } from '../filter/search.ts';
import type { Cursor, TraceSource } from './source.ts';
import { servicesOf } from '../trace/map.ts';
import type { Span } from '../trace/model.ts';
import { outcomeName } from '../trace/outcome.ts';
import { skewOf } from '../trace/skew.ts';
import { scanPage } from './trace-summaries.ts';
import type { TraceView } from '../trace/trace-view.ts';

/** A row shows two of them; the list beside it shows the others. */
const MAX_SERVICES = 16;
const MAX_URL = 2_000;

/** The trace in the list of the page. */
export function rowOf(view: TraceView): TraceRow {
  const { trace } = view;
  const first = shownOf(view);
  const http = first?.http;
  const services = servicesOf(view.map).filter(({ type }) => type !== 'client');
  // As in the header of the trace: segments that X-Ray infers are not spans that somebody sent.
  const spans = trace.spans().length;
  return {
    id: trace.id,
    ...pointOf(view),
    status: first?.httpStatus ?? null,
    method: http?.method ?? null,
    url: http?.url?.slice(0, MAX_URL) ?? null,
    name: first?.xrayName ?? trace.id,
    type: first?.origin ?? null,
    services: services.slice(0, MAX_SERVICES).map(({ name }) => name),
    serviceCount: services.length,
    spans,
    isPartial: view.isPartial,
    isSampled: trace.isSampled,
    revision: trace.revision,
  };
}

/** What a chart shows of a trace: the same as its row, at less cost. */
export function pointOf(view: TraceView): Pick<TraceRow, 'start' | 'duration' | 'outcome' | 'isOpen'> {
  const first = shownOf(view);
  return {
    ...timesOf(view),
    outcome: first === undefined ? 'ok' : outcomeName(first),
    isOpen: first?.isInProgress ?? false,
  };
}

/** What represents a trace: its root, or a substitute. */
function shownOf({ trace, root }: TraceView): Span | undefined {
  return root ?? trace.segments[0] ?? trace.orphans[0];
}

/**
 * Times of the whole trace. Where clocks disagree, those of the root count: otherwise a short request could seem long,
 * or start too early.
 */
function timesOf(view: TraceView): { start: number; duration: number | null } {
  const { trace, root } = view;
  if (root !== undefined && root.start > 0 && trace.segments.some((segment) => skewOf(trace, segment) > 0)) {
    return { start: root.start, duration: root.seconds ?? null };
  }
  return { start: view.start, duration: view.duration ?? null };
}

export interface RowsRequest extends Search {
  /** Start time in seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

export interface Rows {
  readonly rows: readonly TraceRow[];
  readonly next: Cursor | undefined;
}

/** Size of a row, independent of its trace. */
const ROW_BYTES = 1_000;
/** A page ends after about this time, however few traces match; `next` continues from there. */
const PAGE_MS = 300;

/** The matching traces that started in the range, newest first. */
export async function traceRows(
  reader: TraceSource,
  { start, end, after, limit, ...search }: RowsRequest,
): Promise<Rows> {
  const range = { type: 'TraceId', start, end } as const;
  const rows: TraceRow[] = [];
  const { next } = await scanPage(reader, { ...search, range, after, limit, maxMs: PAGE_MS }, (view) => {
    rows.push(rowOf(view));
    return ROW_BYTES;
  });
  return { rows, next };
}
