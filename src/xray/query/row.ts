import type { RowOutcome, TraceRow } from '../api/page-types.ts';
import type { Expression } from '../filter/expression.ts';
import { matches } from '../filter/predicate.ts';
import { conditionsOf } from '../filter/sql.ts';
import type { Cursor, Reader } from '../store/reader.ts';
import type { Entity } from '../trace/entity.ts';
import { servicesOf } from '../trace/map.ts';
import { serviceOf } from '../trace/service-id.ts';
import { slices } from './slices.ts';
import { isInRange } from './trace-summaries.ts';
import { httpOf, type TraceView } from './trace-view.ts';

/** As many services as a row has room for. */
const MAX_SERVICES = 3;

/** The trace in the list of the page. */
export function rowOf(view: TraceView): TraceRow {
  const { trace, root } = view;
  const first = root ?? trace.segments[0] ?? trace.orphans[0];
  const { url, method, status } = httpOf(first);
  const services = servicesOf(view.map).filter(({ type }) => type !== 'client');
  let spans = 0;
  for (const entity of trace.entities()) spans += trace.isInferring(entity) ? 2 : 1;
  return {
    id: trace.id,
    start: view.start,
    duration: view.duration ?? null,
    outcome: first === undefined ? 'ok' : outcomeOf(first),
    status: status ?? null,
    method: method ?? null,
    url: url ?? null,
    name: first?.name ?? trace.id,
    type: first === undefined ? null : serviceOf(first).type,
    services: services.slice(0, MAX_SERVICES).map(({ name }) => name),
    serviceCount: services.length,
    spans,
    isPartial: view.isPartial,
    revision: trace.revision,
  };
}

function outcomeOf(entity: Entity): RowOutcome {
  const { isFault, isError, isThrottle } = entity.outcome;
  if (isThrottle) return 'throttle';
  if (isFault) return 'fault';
  if (isError) return 'error';
  return entity.isInProgress ? 'live' : 'ok';
}

export interface RowsRequest {
  /** Of the start, in seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly filter: Expression | undefined;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

export interface Rows {
  readonly rows: readonly TraceRow[];
  readonly next: Cursor | undefined;
}

/** A page comes after about this time, however few traces match; `next` goes on from there. */
const PAGE_MS = 300;

/** The traces that began in the range and match, newest first. */
export async function traceRows(reader: Reader, { start, end, filter, after, limit }: RowsRequest): Promise<Rows> {
  const range = { type: 'TraceId', start, end } as const;
  const conditions = filter === undefined ? [] : conditionsOf(filter);
  const rows: TraceRow[] = [];
  const startedMs = performance.now();
  for await (const { view, cursor } of slices(reader.scan(range, conditions, after))) {
    if (isInRange(view, range) && (filter === undefined || matches(filter, view))) rows.push(rowOf(view));
    if (rows.length >= limit || performance.now() - startedMs > PAGE_MS) return { rows, next: cursor };
  }
  return { rows, next: undefined };
}
