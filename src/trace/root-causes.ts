import type { Trace } from './assemble.ts';
import type { Entity, TraceException } from './entity.ts';
import { inferredServiceOf, type ServiceId } from './service-id.ts';
import { distinct } from './distinct.ts';

export type CauseKind = 'responsetime' | 'fault' | 'error';

export interface CauseEntity {
  readonly name: string;
  /** Share of the trace's response time, 0–1; only for response time causes. */
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

/** A child explains its parent's time if it takes more than this share of the whole. Source: recorded answers of X-Ray. */
const LEAST_COVERAGE = 0.5;

export function rootCausesOf(trace: Trace, kind: CauseKind): RootCause[] {
  return kind === 'responsetime' ? responseTimeCauses(trace) : failureCauses(trace, kind);
}

/** From the root, the children that take most of the time; among equals, the first to start. None if no child does. */
function responseTimeCauses(trace: Trace): RootCause[] {
  const root = trace.root;
  const whole = root?.seconds;
  if (root === undefined || whole === undefined || whole <= 0) return [];
  const step = (entity: Entity, isRemote: boolean, coverage: number): CauseEntity => ({ name: entity.name, coverage, isRemote, exceptions: [] });
  const services: CauseService[] = [{ service: trace.serviceOf(root), isInferred: false, path: [step(root, false, 1)] }];
  let current = root;
  for (;;) {
    const next = slowest(trace, current, whole);
    if (next === undefined) break;
    const { entity, coverage } = next;
    if (entity.isSubsegment) services.at(-1)!.path.push(step(entity, entity.isCall, coverage));
    else services.push({ service: trace.serviceOf(entity), isInferred: false, path: [step(entity, false, coverage)] });
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
    // A child that takes longer than the whole continues after the response and did not delay it.
    if (coverage <= LEAST_COVERAGE || coverage > 1) continue;
    const isSlower = best === undefined || coverage > best.coverage || (coverage === best.coverage && entity.start < best.entity.start);
    if (isSlower) best = { entity, coverage };
  }
  return best;
}

/**
 * One cause for each service that failed although its caller did not: the path from it to where the failure began. Of several branches, one is
 * followed: preferably a call to a service that does not report, then the earliest. If `cause` is an ID, the branch with that exception is
 * followed, or none; calls that failed besides it are separate causes. Source: recorded answers of X-Ray.
 */
function failureCauses(trace: Trace, kind: 'fault' | 'error'): RootCause[] {
  const causes: RootCause[] = [];
  const hasFailed = (entity: Entity): boolean => {
    const { isFault, isError, isThrottle } = entity.outcome;
    return kind === 'fault' ? isFault : !isFault && (isError || isThrottle);
  };
  /** `named`: the ID of the exception that the path must end at. */
  const search = (entity: Entity, named: string | undefined): Path | undefined => {
    let best: Path | undefined;
    for (const child of [...entity.children, ...trace.calleesOf(entity)]) {
      const path = hasFailed(child) ? search(child, nameOfCause(entity) ?? named) : undefined;
      if (path !== undefined && (best === undefined || isBefore(trace, path, best))) best = path;
    }
    if (best !== undefined) return [entity, ...best];
    const isEnd = named === undefined ? entity.exceptions.length > 0 || trace.isInferring(entity) : isNamed(entity, named);
    return isEnd ? [entity] : undefined;
  };
  for (const segment of trace.segments) {
    const isFailed = hasFailed(segment);
    let path: Path | undefined;
    if (isFailed) {
      const caller = segment.parentId === undefined ? undefined : trace.find(segment.parentId);
      if (caller !== undefined && hasFailed(caller.segment)) continue;
      path = search(segment, undefined);
      if (path !== undefined) causes.push({ isClientImpacting: segment === trace.root, services: servicesOn(trace, path) });
    }
    for (const call of callsIn(segment)) {
      if (!hasFailed(call) || !trace.isInferring(call) || path?.includes(call) === true) continue;
      // The caller handled the failure, or had another cause.
      if (!isFailed || isBesideNamedCause(call)) causes.push({ isClientImpacting: false, services: [inferred(call)] });
    }
  }
  return distinct(causes, (cause) => JSON.stringify(cause));
}

/** From an entity down to one that recorded an exception, or that called a service that does not report. */
type Path = readonly Entity[];

/** AWS's Node SDK refers to the subsegment with the exception, other SDKs to the exception. Source: aws-xray-sdk-core 3.12, addError. */
function isNamed({ id, exceptions }: Entity, named: string): boolean {
  return exceptions.some((exception) => exception.id === named) || (id === named && exceptions.length > 0);
}

/** The ID of the exception that caused an entity's failure, if it did not record one itself. */
function nameOfCause(entity: Entity): string | undefined {
  return entity.exceptions.length === 0 ? entity.causeId : undefined;
}

function isBefore(trace: Trace, a: Path, b: Path): boolean {
  const isRemote = trace.isInferring(a.at(-1)!);
  if (isRemote !== trace.isInferring(b.at(-1)!)) return isRemote;
  const [first, other] = [a[0]!, b[0]!];
  return first.start !== other.start ? first.start < other.start : first.id < other.id;
}

function isBesideNamedCause({ parent }: Entity): boolean {
  for (let above = parent; above !== undefined; above = above.parent) if (nameOfCause(above) !== undefined) return true;
  return false;
}

function servicesOn(trace: Trace, path: readonly Entity[]): CauseService[] {
  const services: CauseService[] = [];
  for (const entity of path) {
    const step = { name: entity.name, coverage: undefined, isRemote: entity.isCall, exceptions: entity.exceptions };
    if (entity.isSubsegment) services.at(-1)!.path.push(step);
    else services.push({ service: trace.serviceOf(entity), isInferred: false, path: [step] });
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
