import type { Trace } from './assemble.ts';
import { walk, type Entity } from './entity.ts';
import { inferredServiceOf, keyOf, type ServiceId } from './service-id.ts';

/** A request that a service served: a segment, or one that X-Ray infers. */
export interface Visit {
  readonly service: ServiceId;
  /** The segment; for an inferred service, the subsegment that called it. */
  readonly entity: Entity;
  readonly isInferred: boolean;
  readonly isRoot: boolean;
}

/** A call from one service to another, as the caller saw it. */
export interface Call {
  readonly from: ServiceId;
  readonly to: ServiceId;
  /** The entity with the times and outcome: the caller's subsegment, or the callee if the caller has none. */
  readonly entity: Entity;
  /** The caller's name for a service that reports itself. */
  readonly alias: ServiceId | undefined;
  readonly source: Entity | undefined;
  readonly destination: Entity | undefined;
}

/** The services of a trace and the calls between them. */
export interface TraceMap {
  /** Represents all users of the trace's entry point; missing if the entry point is. */
  readonly client: ServiceId | undefined;
  readonly visits: readonly Visit[];
  readonly calls: readonly Call[];
  /** Entities with links to other traces. */
  readonly linked: readonly Entity[];
}

/** Source: X-Ray developer guide, concepts; recorded answers of X-Ray. */
export function mapOf(trace: Trace): TraceMap {
  const visits: Visit[] = [];
  const calls: Call[] = [];
  const linked: Entity[] = [];
  const root = trace.root;
  const client = root === undefined ? undefined : { name: root.name, type: 'client', accountId: null };
  if (root !== undefined && client !== undefined) {
    calls.push({ from: client, to: trace.serviceOf(root), entity: root, alias: undefined, source: undefined, destination: root });
  }
  for (const segment of trace.segments) {
    const service = trace.serviceOf(segment);
    visits.push({ service, entity: segment, isInferred: false, isRoot: segment === root });
    walk(segment, (entity) => {
      if (entity.json['links'] !== undefined) linked.push(entity);
      const callees = trace.calleesOf(entity);
      for (const callee of callees) {
        const alias = entity.isCall ? inferredServiceOf(entity) : undefined;
        const seen = entity.isSubsegment ? entity : callee;
        calls.push({ from: service, to: trace.serviceOf(callee), entity: seen, alias, source: segment, destination: callee });
      }
      if (!trace.isInferring(entity)) return;
      const to = inferredServiceOf(entity);
      visits.push({ service: to, entity, isInferred: true, isRoot: false });
      calls.push({ from: service, to, entity, alias: undefined, source: segment, destination: undefined });
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
