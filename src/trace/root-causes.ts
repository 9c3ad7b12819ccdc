import { distinct } from './distinct.ts';
import { inferredServiceOf } from './inferred-service.ts';
import type { Span, SpanException, Trace } from './model.ts';
import type { ServiceId } from './service-id.ts';

export type CauseKind = 'responsetime' | 'fault' | 'error';

export interface CauseStep {
  readonly name: string;
  /** Share of the trace's response time, 0–1; only for response time causes. */
  readonly coverage: number | undefined;
  readonly isRemote: boolean;
  readonly exceptions: readonly SpanException[];
}

export interface CauseService {
  readonly service: ServiceId;
  readonly isInferred: boolean;
  readonly path: CauseStep[];
}

export interface RootCause {
  readonly isClientImpacting: boolean;
  readonly services: readonly CauseService[];
}

/**
 * A child explains its parent's time if it takes more than this share of the whole. Source: recorded answers of X-Ray.
 */
const LEAST_COVERAGE = 0.5;

export function rootCausesOf(trace: Trace, kind: CauseKind): RootCause[] {
  return kind === 'responsetime' ? responseTimeCauses(trace) : failureCauses(trace, kind);
}

/** From the root, the children that take most of the time; among equals, the first to start. None if no child does. */
function responseTimeCauses(trace: Trace): RootCause[] {
  const root = trace.root;
  const whole = root?.seconds;
  if (root === undefined || whole === undefined || whole <= 0) return [];
  const step = (span: Span, isRemote: boolean, coverage: number): CauseStep => ({
    name: span.xrayName,
    coverage,
    isRemote,
    exceptions: [],
  });
  const services: CauseService[] = [
    { service: trace.serviceOf(root), isInferred: false, path: [step(root, false, 1)] },
  ];
  let current = root;
  for (;;) {
    const next = slowest(trace, current, whole);
    if (next === undefined) break;
    const { span, coverage } = next;
    if (span.isSubsegment) services.at(-1)!.path.push(step(span, span.isCall, coverage));
    else services.push({ service: trace.serviceOf(span), isInferred: false, path: [step(span, false, coverage)] });
    if (trace.isInferring(span)) {
      services.push({ service: inferredServiceOf(span), isInferred: true, path: [step(span, false, coverage)] });
      break;
    }
    current = span;
  }
  return current === root && services.length === 1 && services[0]!.path.length === 1
    ? []
    : [{ isClientImpacting: true, services }];
}

function slowest(trace: Trace, parent: Span, whole: number): { span: Span; coverage: number } | undefined {
  let best: { span: Span; coverage: number } | undefined;
  for (const span of [...parent.children, ...trace.calleesOf(parent)]) {
    const coverage = (span.seconds ?? 0) / whole;
    // A child that takes longer than the whole continues after the response and did not delay it.
    if (coverage <= LEAST_COVERAGE || coverage > 1) continue;
    const isSlower =
      best === undefined || coverage > best.coverage || (coverage === best.coverage && span.start < best.span.start);
    if (isSlower) best = { span, coverage };
  }
  return best;
}

/**
 * One cause for each service that failed although its caller did not: the path from it to where the failure began. Of
 * several branches, one is followed: preferably a call to a service that does not report, then the earliest. If `cause`
 * is an ID, the branch with that exception is followed, or none; calls that failed besides it are separate causes.
 * Source: recorded answers of X-Ray.
 */
function failureCauses(trace: Trace, kind: 'fault' | 'error'): RootCause[] {
  const causes: RootCause[] = [];
  const hasFailed = (span: Span): boolean => {
    const { isFault, isError, isThrottle } = span.outcome;
    return kind === 'fault' ? isFault : !isFault && (isError || isThrottle);
  };
  /** `named`: the ID of the exception that the path must end at. */
  const search = (span: Span, named: string | undefined): Path | undefined => {
    let best: Path | undefined;
    for (const child of [...span.children, ...trace.calleesOf(span)]) {
      const path = hasFailed(child) ? search(child, nameOfCause(span) ?? named) : undefined;
      if (path !== undefined && (best === undefined || isBefore(trace, path, best))) best = path;
    }
    if (best !== undefined) return [span, ...best];
    const isEnd = named === undefined ? span.exceptions.length > 0 || trace.isInferring(span) : isNamed(span, named);
    return isEnd ? [span] : undefined;
  };
  for (const segment of trace.segments) {
    const isFailed = hasFailed(segment);
    let path: Path | undefined;
    if (isFailed) {
      const caller = segment.parentId === undefined ? undefined : trace.find(segment.parentId);
      if (caller !== undefined && hasFailed(caller.segment)) continue;
      path = search(segment, undefined);
      if (path !== undefined)
        causes.push({ isClientImpacting: segment === trace.root, services: servicesOn(trace, path) });
    }
    for (const call of callsIn(segment)) {
      if (!hasFailed(call) || !trace.isInferring(call) || path?.includes(call) === true) continue;
      // The caller handled the failure, or had another cause.
      if (!isFailed || isBesideNamedCause(call)) causes.push({ isClientImpacting: false, services: [inferred(call)] });
    }
  }
  return distinct(causes, (cause) => JSON.stringify(cause));
}

/** From a span down to one that recorded an exception, or that called a service that does not report. */
type Path = readonly Span[];

/**
 * AWS's Node SDK refers to the subsegment with the exception, other SDKs to the exception. Source: aws-xray-sdk-core
 * 3.12, addError.
 */
function isNamed({ id, exceptions }: Span, named: string): boolean {
  return exceptions.some((exception) => exception.id === named) || (id === named && exceptions.length > 0);
}

/** The ID of the exception that caused a span's failure, if it did not record one itself. */
function nameOfCause(span: Span): string | undefined {
  return span.exceptions.length === 0 ? span.causeId : undefined;
}

function isBefore(trace: Trace, a: Path, b: Path): boolean {
  const isRemote = trace.isInferring(a.at(-1)!);
  if (isRemote !== trace.isInferring(b.at(-1)!)) return isRemote;
  const [first, other] = [a[0]!, b[0]!];
  return first.start !== other.start ? first.start < other.start : first.id < other.id;
}

function isBesideNamedCause({ parent }: Span): boolean {
  for (let above = parent; above !== undefined; above = above.parent) if (nameOfCause(above) !== undefined) return true;
  return false;
}

function servicesOn(trace: Trace, path: readonly Span[]): CauseService[] {
  const services: CauseService[] = [];
  for (const span of path) {
    const step = { name: span.xrayName, coverage: undefined, isRemote: span.isCall, exceptions: span.exceptions };
    if (span.isSubsegment) services.at(-1)!.path.push(step);
    else services.push({ service: trace.serviceOf(span), isInferred: false, path: [step] });
  }
  const last = path.at(-1)!;
  return trace.isInferring(last) ? [...services, inferred(last)] : services;
}

function inferred(call: Span): CauseService {
  return {
    service: inferredServiceOf(call),
    isInferred: true,
    path: [{ name: call.xrayName, coverage: undefined, isRemote: false, exceptions: [] }],
  };
}

function* callsIn(span: Span): Generator<Span> {
  for (const child of span.children) {
    if (child.isCall) yield child;
    yield* callsIn(child);
  }
}
