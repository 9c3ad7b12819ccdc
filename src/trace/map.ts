import { inferredServiceOf } from './inferred-service.ts';
import type { Span, Trace } from './model.ts';
import { keyOf, type ServiceId } from './service-id.ts';
import { walk } from './walk.ts';

/** A request that a service served: a segment, or one that X-Ray infers. */
export interface Visit {
  readonly service: ServiceId;
  /** The segment; for an inferred service, the subsegment that called it. */
  readonly span: Span;
  readonly isInferred: boolean;
  readonly isRoot: boolean;
}

/** A call from one service to another, as the caller saw it. */
export interface Call {
  readonly from: ServiceId;
  readonly to: ServiceId;
  /** The span with the times and outcome: the caller's subsegment, or the callee if the caller has none. */
  readonly span: Span;
  /** The caller's name for a service that reports itself. */
  readonly alias: ServiceId | undefined;
  readonly source: Span | undefined;
  readonly destination: Span | undefined;
}

/** The services of a trace and the calls between them. */
export interface TraceMap {
  /** Represents all users of the trace's entry point; missing if the entry point is. */
  readonly client: ServiceId | undefined;
  readonly visits: readonly Visit[];
  readonly calls: readonly Call[];
  /** Spans with links to other traces. */
  readonly linked: readonly Span[];
}

/** Source: X-Ray developer guide, concepts; recorded answers of X-Ray. */
export function mapOf(trace: Trace): TraceMap {
  const visits: Visit[] = [];
  const calls: Call[] = [];
  const linked: Span[] = [];
  const root = trace.root;
  const client = root === undefined ? undefined : { name: root.xrayName, type: 'client', accountId: null };
  if (root !== undefined && client !== undefined) {
    calls.push({
      from: client,
      to: trace.serviceOf(root),
      span: root,
      alias: undefined,
      source: undefined,
      destination: root,
    });
  }
  for (const segment of trace.segments) {
    const service = trace.serviceOf(segment);
    visits.push({ service, span: segment, isInferred: false, isRoot: segment === root });
    walk(segment, (span) => {
      if (span.links.length > 0) linked.push(span);
      const callees = trace.calleesOf(span);
      for (const callee of callees) {
        const alias = span.isCall ? inferredServiceOf(span) : undefined;
        const seen = span.isSubsegment ? span : callee;
        calls.push({
          from: service,
          to: trace.serviceOf(callee),
          span: seen,
          alias,
          source: segment,
          destination: callee,
        });
      }
      if (!trace.isInferring(span)) return;
      const to = inferredServiceOf(span);
      visits.push({ service: to, span, isInferred: true, isRoot: false });
      calls.push({ from: service, to, span, alias: undefined, source: segment, destination: undefined });
    });
  }
  return { client, visits, calls, linked };
}

/** The distinct services of a trace, the client first. */
export function servicesOf({ client, visits }: TraceMap): ServiceId[] {
  const services = new Map<string, ServiceId>();
  if (client !== undefined) services.set(keyOf(client), client);
  for (const { service } of visits) services.set(keyOf(service), service);
  return [...services.values()];
}
