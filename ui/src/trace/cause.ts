import { isFailed } from '../outcomes.ts';
import type { Span, TraceModel } from './model.ts';
import { framesOf, placeOf } from './stack.ts';

/** Why a trace failed: where it began, in words. */
export interface Cause {
  readonly span: Span;
  /** "DynamoDB PutItem orders was throttled". */
  readonly what: string;
  /** "ProvisionedThroughputExceeded, repository.py:88"; "" when no exception is recorded. */
  readonly thrown: string;
  /** The message of the exception; "" when there is none. */
  readonly message: string;
}

/** The cause of a trace whose entry failed; undefined for others. */
export function causeOf(model: TraceModel): Cause | undefined {
  const root = model.roots.find(({ isOrphan }) => !isOrphan) ?? model.roots[0];
  if (root === undefined || !isFailed(root.outcome)) return undefined;
  const span = originOf(root, model.spans);
  const { thrown, message } = thrownBy(span);
  return { span, what: sentenceOf(span, span === root), thrown, message };
}

/** Where errors begin: the cause of the trace, or of the first span that failed though the trace did not. */
export function firstError(model: TraceModel): Span | undefined {
  const cause = causeOf(model)?.span;
  if (cause !== undefined) return cause;
  const [first] = model.errors;
  return first === undefined ? undefined : originOf(first, model.spans);
}

interface Origin {
  readonly span: Span;
  /** What an exception shows, or a call of a service that does not report, counts before a flag alone. */
  readonly isProven: boolean;
  readonly isRemote: boolean;
}

/**
 * The deepest span below `top` that has an exception of its own, or an outcome that no child explains, as X-Ray's root causes: an exception that is
 * referred to decides; of several branches first what has an exception or is behind a call to a service that does not report, of these first such
 * calls, then what began first. What is not marked as failed and is no call, such as a subsegment around calls, is looked through.
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
    const origin = isFailed(span.outcome) ? originIn(span, origins, holders) : isTransparent(span) ? best(span.children, span, origins) : undefined;
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

/** A fault with an exception of its own did not come from a 4xx that it coped with. */
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
  return `${isUnexplained ? name : who} ${did}${isUnexplained ? ' itself: no exception is recorded, and no call of it failed' : ''}`;
}

function thrownBy(span: Span): { thrown: string; message: string } {
  const [exception] = span.entity.exceptions;
  if (exception === undefined) return { thrown: '', message: '' };
  const frames = framesOf(exception);
  const own = frames.find(({ isOwn }) => isOwn) ?? frames[0];
  const type = exception.type ?? 'Exception';
  // Error codes of AWS are known without the suffix.
  const short = span.entity.namespace === 'aws' ? type.replace(/(?<=.)Exception$/, '') : type;
  return {
    thrown: [short, own === undefined ? '' : placeOf(own)].filter((text) => text !== '').join(', '),
    message: exception.message ?? '',
  };
}
