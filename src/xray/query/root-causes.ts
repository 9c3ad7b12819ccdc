import type { Trace } from '../trace/assemble.ts';
import type { Entity, TraceException } from '../trace/entity.ts';
import { inferredServiceOf, serviceOf, type ServiceId } from '../trace/service-id.ts';
import { distinct } from './members.ts';

export type CauseKind = 'responsetime' | 'fault' | 'error';

export interface CauseEntity {
  readonly name: string;
  /** Share of the trace's response time, 0–1; of response time causes only. */
  readonly coverage: number | undefined;
  readonly isRemote: boolean;
  readonly exceptions: readonly TraceException[];
}

export interface CauseService {
  readonly service: ServiceId;
  readonly isInferred: boolean;
  readonly path: CauseEntity[];
}

export interface RootCause {
  readonly isClientImpacting: boolean;
  readonly services: readonly CauseService[];
}

/** A child explains its parent's time when it takes more than this share of the whole. Source: recorded answers of X-Ray. */
const LEAST_COVERAGE = 0.5;

export function rootCausesOf(trace: Trace, kind: CauseKind): RootCause[] {
  return kind === 'responsetime' ? responseTimeCauses(trace) : failureCauses(trace, kind);
}

/** From the root down the children that take most of the time; none when no child does. */
function responseTimeCauses(trace: Trace): RootCause[] {
  const root = trace.root;
  const whole = root?.seconds;
  if (root === undefined || whole === undefined || whole <= 0) return [];
  const step = (entity: Entity, isRemote: boolean, coverage: number): CauseEntity => ({ name: entity.name, coverage, isRemote, exceptions: [] });
  const services: CauseService[] = [{ service: serviceOf(root), isInferred: false, path: [step(root, false, 1)] }];
  let current = root;
  for (;;) {
    const next = slowest(trace, current, whole);
    if (next === undefined) break;
    const { entity, coverage } = next;
    if (entity.isSubsegment) services.at(-1)!.path.push(step(entity, entity.isCall, coverage));
    else services.push({ service: serviceOf(entity), isInferred: false, path: [step(entity, false, coverage)] });
    if (trace.isInferring(entity)) {
      services.push({ service: inferredServiceOf(entity), isInferred: true, path: [step(entity, false, coverage)] });
      break;
    }
    current = entity;
  }
  return current === root && services.length === 1 && services[0]!.path.length === 1 ? [] : [{ isClientImpacting: true, services }];
}

function slowest(trace: Trace, parent: Entity, whole: number): { entity: Entity; coverage: number } | undefined {
  let best: { entity: Entity; coverage: number } | undefined;
  for (const entity of [...parent.children, ...trace.calleesOf(parent)]) {
    const coverage = (entity.seconds ?? 0) / whole;
    if (coverage > LEAST_COVERAGE && coverage > (best?.coverage ?? 0)) best = { entity, coverage };
  }
  return best;
}

/** One cause for each failing branch: from the highest service that failed down to the deepest entity with an exception. */
function failureCauses(trace: Trace, kind: 'fault' | 'error'): RootCause[] {
  const causes: RootCause[] = [];
  const hasFailed = (entity: Entity): boolean => {
    const { isFault, isError, isThrottle } = entity.outcome;
    return kind === 'fault' ? isFault : !isFault && (isError || isThrottle);
  };
  const search = (entity: Entity, path: readonly Entity[]): (readonly Entity[])[] => {
    const here = [...path, entity];
    const deeper = [...entity.children, ...trace.calleesOf(entity)].filter(hasFailed).flatMap((child) => search(child, here));
    if (deeper.length > 0) return deeper;
    return trace.exceptionsOf(entity).length > 0 || trace.isInferring(entity) ? [here] : [];
  };
  for (const segment of trace.segments) {
    if (hasFailed(segment)) {
      const caller = segment.parentId === undefined ? undefined : trace.find(segment.parentId);
      if (caller !== undefined && hasFailed(caller.segment)) continue;
      for (const path of search(segment, [])) causes.push({ isClientImpacting: segment === trace.root, services: servicesOn(trace, path) });
      continue;
    }
    // A service that does not report failed, and its caller coped with it.
    for (const call of callsIn(segment)) {
      if (hasFailed(call) && trace.isInferring(call)) causes.push({ isClientImpacting: false, services: [inferred(call)] });
    }
  }
  return distinct(causes, (cause) => JSON.stringify(cause));
}

function servicesOn(trace: Trace, path: readonly Entity[]): CauseService[] {
  const services: CauseService[] = [];
  for (const entity of path) {
    const step = { name: entity.name, coverage: undefined, isRemote: entity.isCall, exceptions: trace.exceptionsOf(entity) };
    if (entity.isSubsegment) services.at(-1)!.path.push(step);
    else services.push({ service: serviceOf(entity), isInferred: false, path: [step] });
  }
  const last = path.at(-1)!;
  return trace.isInferring(last) ? [...services, inferred(last)] : services;
}

function inferred(call: Entity): CauseService {
  return {
    service: inferredServiceOf(call),
    isInferred: true,
    path: [{ name: call.name, coverage: undefined, isRemote: false, exceptions: [] }],
  };
}

function* callsIn(entity: Entity): Generator<Entity> {
  for (const child of entity.children) {
    if (child.isCall) yield child;
    yield* callsIn(child);
  }
}
