import { isFailed } from '../outcomes.ts';
import { entryOf } from './entry.ts';
import type { Span, TraceModel } from './model.ts';
import { framesOf, placeOf } from './stack.ts';

/** Why a trace failed: the origin of the failure, in words. */
export interface Cause {
  readonly span: Span;
  /** "DynamoDB PutItem orders was throttled". */
  readonly what: string;
  /** "ProvisionedThroughputExceeded, repository.py:88"; "" when no exception is recorded. */
  readonly thrown: string;
  /** The message of the exception; "" when there is none. */
  readonly message: string;
}

/** The cause of a trace whose entry failed; undefined for other traces. */
export function causeOf(model: TraceModel): Cause | undefined {
  const root = entryOf(model);
  if (root === undefined || !isFailed(root.outcome)) return undefined;
  const span = originOf(root, model.spans);
  const { thrown, message } = thrownBy(span);
  return { span, what: sentenceOf(span, span === root), thrown, message };
}

/** The first error to show: the cause of the trace or, if its entry did not fail, of its first failed span. */
export function firstError(model: TraceModel): Span | undefined {
  const cause = causeOf(model)?.span;
  if (cause !== undefined) return cause;
  const [first] = model.errors;
  return first === undefined ? undefined : originOf(first, model.spans);
}

interface Origin {
  readonly span: Span;
  /**
   * Has an exception, or is a call to a service that does not report. Proven origins take precedence over mere flags.
   */
  readonly isProven: boolean;
  readonly isRemote: boolean;
}

/**
 * The origin of a failure, as in X-Ray's root causes: the deepest span below `top` with its own exception, or with an
 * outcome that no child explains. A referenced exception decides. Among several branches, proven origins come first (an
 * exception, or a call to a service that does not report), of these such calls, then the earliest. A subsegment that
 * did not fail and is not a call is skipped.
 */
export function originOf(top: Span, spans: readonly Span[]): Span {
  const holders = new Map<string, Span>();
  for (const span of spans) {
    if (span.kind === 'inferred') continue;
    const { exceptions } = span.entity;
    for (const { id } of exceptions) if (id !== undefined) holders.set(id, span);
    // AWS's Node SDK names the subsegment that has the exception. Source: aws-xray-sdk-core 3.12, addError.
    if (exceptions.length > 0) holders.set(span.id, span);
  }
  const origins = new Map<Span, Origin>();
  // Children come after their parents.
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i]!;
    if (span.kind === 'inferred') continue;
    const origin = isFailed(span.outcome)
      ? originIn(span, origins, holders)
      : isTransparent(span)
        ? best(span.children, span, origins)
        : undefined;
    if (origin !== undefined) origins.set(span, origin);
  }
  return origins.get(top)?.span ?? top;
}

function originIn(span: Span, origins: ReadonlyMap<Span, Origin>, holders: ReadonlyMap<string, Span>): Origin {
  const { entity } = span;
  const isThrowing = entity.exceptions.length > 0;
  const named = isThrowing || entity.causeId === undefined ? undefined : holders.get(entity.causeId);
  if (named !== undefined) return { span: named, isProven: true, isRemote: named.entity.isCall };
  const below = best(span.children, span, origins);
  if (below !== undefined && (below.isProven || !isThrowing)) return below;
  const isRemote = entity.isCall && span.callee === undefined;
  return { span, isProven: isThrowing || isRemote, isRemote };
}

function best(children: readonly Span[], parent: Span, origins: ReadonlyMap<Span, Origin>): Origin | undefined {
  let found: Origin | undefined;
  // By start.
  for (const child of children) {
    const origin = origins.get(child);
    if (origin === undefined || !explains(origin.span, parent)) continue;
    if (found === undefined || rankOf(origin) > rankOf(found)) found = origin;
  }
  return found;
}

function rankOf({ isProven, isRemote }: Origin): number {
  return (isProven ? 2 : 0) + (isProven && isRemote ? 1 : 0);
}

/** A fault with its own exception was not caused by a 4xx that the application handled. */
function explains(origin: Span, parent: Span): boolean {
  const isOwnFault = parent.outcome === 'fault' && parent.entity.exceptions.length > 0;
  return !isOwnFault || origin.outcome === 'fault';
}

function isTransparent({ kind, entity }: Span): boolean {
  return kind === 'subsegment' && !entity.isCall;
}

function sentenceOf(span: Span, isRoot: boolean): string {
  const { name, detail, outcome, entity } = span;
  const status = entity.httpStatus;
  const who = `${name}${detail === '' ? '' : ` ${detail.length > 80 ? `${detail.slice(0, 79)}…` : detail}`}`;
  if (outcome === 'throttle') return `${who} was throttled`;
  const did = status === undefined || status < 400 ? 'failed' : `answered ${status}`;
  const isUnexplained = isRoot && entity.exceptions.length === 0;
  return `${isUnexplained ? name : who} ${did}${isUnexplained ? ' itself: no exception is recorded, and none of its calls failed' : ''}`;
}

function thrownBy(span: Span): { thrown: string; message: string } {
  const [exception] = span.entity.exceptions;
  if (exception === undefined) return { thrown: '', message: '' };
  const frames = framesOf(exception);
  const own = frames.find(({ isOwn }) => isOwn) ?? frames[0];
  const type = exception.type ?? 'Exception';
  // AWS error codes are commonly written without the suffix.
  const short = span.entity.namespace === 'aws' ? type.replace(/(?<=.)Exception$/, '') : type;
  return {
    thrown: [short, own === undefined ? '' : placeOf(own)].filter((text) => text !== '').join(', '),
    message: exception.message ?? '',
  };
}
