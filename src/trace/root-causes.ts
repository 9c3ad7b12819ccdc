import type { Trace } from './assemble.ts';
import type { Entity, TraceException } from './entity.ts';
import { inferredServiceOf, type ServiceId } from './service-id.ts';
import { distinct } from './distinct.ts';

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

/** From the root down the children that take most of the time, of equal ones the first to start; none when no child does. */
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
    // What takes longer than the whole goes on after the answer, and did not hold it up.
    if (coverage <= LEAST_COVERAGE || coverage > 1) continue;
    const isSlower = best === undefined || coverage > best.coverage || (coverage === best.coverage && entity.start < best.entity.start);
    if (isSlower) best = { entity, coverage };
  }
  return best;
}

/**
 * One cause for each service that failed and whose caller did not: from it down to where the failure began. Of several branches one is followed: first
 * what is behind a call to a service that does not report, then what began first. A `cause` that is an id decides: the branch with that exception, or none;
 * calls that failed beside it are causes of their own. Source: recorded answers of X-Ray.
 */
function failureCauses(trace: Trace, kind: 'fault' | 'error'): RootCause[] {
  const causes: RootCause[] = [];
  const hasFailed = (entity: Entity): boolean => {
    const { isFault, isError, isThrottle } = entity.outcome;
    return kind === 'fault' ? isFault : !isFault && (isError || isThrottle);
  };
  /** `named`: the id of the exception that it has to end at. */
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
      // The caller coped with it, or had another cause.
      if (!isFailed || isBesideNamedCause(call)) causes.push({ isClientImpacting: false, services: [inferred(call)] });
    }
  }
  return distinct(causes, (cause) => JSON.stringify(cause));
}

/** From an entity down to one that an exception is recorded in, or that called a service that does not report. */
type Path = readonly Entity[];

/** AWS's Node SDK names the subsegment that has the exception, the others the exception. Source: aws-xray-sdk-core 3.12, addError; recorded answers of X-Ray. */
function isNamed({ id, exceptions }: Entity, named: string): boolean {
  return exceptions.some((exception) => exception.id === named) || (id === named && exceptions.length > 0);
}

/** The id of the exception that an entity says is its cause, when it has none of its own. */
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
