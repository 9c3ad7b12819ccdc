import type { JsonText } from '../json/aws-json.ts';
import type { Expression } from '../filter/expression.ts';
import type { Search } from '../filter/search.ts';
import { isCall, isVisit } from '../filter/predicate.ts';
import type { EntitySelector } from '../filter/selector.ts';
import type { TimeRange, TraceSource } from './source.ts';
import { Graph } from './graph.ts';
import { ListText } from './list-text.ts';
import { TimeSeries, type TimeSeriesConfig } from './time-series.ts';
import { matching } from './trace-summaries.ts';

/** Whether the graph includes load balancers from access logs. The page's does; those of X-Ray's operations do not. */
interface BalancersShown {
  readonly hasBalancers?: boolean;
}

/** GetTraceGraph: `Services`; undefined if the trace does not exist. */
export function traceGraph(
  reader: TraceSource,
  traceId: string,
  { hasBalancers = false }: BalancersShown = {},
): JsonText | undefined {
  const view = reader.trace(traceId);
  if (view === undefined) return undefined;
  const graph = new Graph();
  graph.add(view, hasBalancers ? reader.balancersOf(traceId) : []);
  addLinks(graph, reader);
  return servicesOf(graph, reader, false);
}

export interface GraphRequest extends Search, BalancersShown {
  /** By receipt for GetServiceGraph, as in AWS; by start for the page. */
  readonly range: TimeRange;
  /**
   * After this time the graph ends with the newest traces so far, unless the rest takes at most three times as long.
   */
  readonly maxMs?: number | undefined;
}

/** The remaining traces may take this multiple of `maxMs`. */
const MORE = 3;

/**
 * GetServiceGraph; `IsPartial` if time ran out. Traces with a root in progress are left out. Source: recorded answers
 * of X-Ray.
 */
export async function serviceGraph(
  reader: TraceSource,
  { range, maxMs = Infinity, hasBalancers = false, ...search }: GraphRequest,
): Promise<object> {
  const graph = new Graph();
  const isWithLog = hasBalancers && reader.hasAccessLog;
  let untilMs = performance.now() + maxMs;
  let [found, isPartial, isNearlyDone] = [0, false, false];
  for await (const view of matching(reader, range, search)) {
    found++;
    if (!view.trace.segments.some(({ isInProgress }) => isInProgress))
      graph.add(view, isWithLog ? reader.balancersOf(view.trace.id) : []);
    if (performance.now() <= untilMs) continue;
    // A client that gets a partial graph asks for the whole one next, from the start.
    isPartial = reader.countIn({ ...range, hasUnsampled: search.hasUnsampled }) > found * (isNearlyDone ? 1 : 1 + MORE);
    if (isPartial) break;
    isNearlyDone = true;
    untilMs += MORE * maxMs;
  }
  addLinks(graph, reader);
  return { ...graph.bounds(), Services: servicesOf(graph, reader, true), ...(isPartial ? { IsPartial: true } : {}) };
}

function servicesOf(graph: Graph, { budget }: TraceSource, hasTimes: boolean): JsonText {
  const services = new ListText(budget.maxTextBytes);
  for (const service of graph.services(hasTimes)) services.add(service);
  return services.end();
}

function addLinks(graph: Graph, reader: TraceSource): void {
  for (const link of graph.links) {
    graph.addLink(link, reader.trace(link.traceId)?.trace);
  }
}

export interface TimeSeriesRequest {
  readonly start: number;
  readonly end: number;
  readonly periodSeconds: 60 | 300;
  readonly filter: Expression | undefined;
  readonly selector: EntitySelector;
}

/**
 * GetTimeSeriesServiceStatistics, by time of receipt. compat: only whole seconds of the range count. Source: recorded
 * answers of X-Ray.
 */
export async function timeSeries(
  reader: TraceSource,
  { periodSeconds, filter, selector, ...range }: TimeSeriesRequest,
): Promise<object[]> {
  const [start, end] = [Math.floor(range.start), Math.floor(range.end)];
  const config: TimeSeriesConfig = {
    start,
    end,
    periodSeconds,
    kind: selector.kind === 'service' ? 'service' : 'edge',
  };
  const series = new TimeSeries(config);
  // A bucket that ends within the range started before it.
  const received: TimeRange = { type: 'Event', start: start - periodSeconds, end };
  for await (const { trace, map } of matching(reader, received, { filter })) {
    const at = trace.receivedAt;
    series.touch(at);
    const requests =
      selector.kind === 'service'
        ? map.visits.filter((visit) => isVisit(visit, selector.at, undefined))
        : map.calls.filter((call) =>
            selector.kind === 'entry' ? call.from.type === 'client' : isCall(call, { ...selector, body: undefined }),
          );
    for (const { span } of requests) if (span.seconds !== undefined) series.add(at, span.outcome, span.seconds);
  }
  return series.members();
}
