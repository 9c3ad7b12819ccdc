import type { RowOutcome, TraceDocuments } from '../../../src/api/page-types.ts';
import { convertStoredWith, documentOf } from '../../../src/formats/read.ts';
import { assemble } from '../../../src/trace/assemble.ts';
import { inferredServiceOf } from '../../../src/trace/inferred-service.ts';
import type { Span as TraceSpan, Trace } from '../../../src/trace/model.ts';
import { outcomeName } from '../../../src/trace/outcome.ts';
import { keyOf } from '../../../src/trace/service-id.ts';
import { SKEW_SECONDS } from '../../../src/trace/skew.ts';
import { shortName } from '../format.ts';
import { isFailed, severityOf, type Failures } from '../outcomes.ts';
import { clocksOf, type Clock } from './clocks.ts';
import { detailOf } from './detail.ts';

export type SpanKind = 'segment' | 'subsegment' | 'inferred';

/**
 * A segment, a subsegment, or a service that X-Ray infers from a call. Times are seconds from the start of the trace.
 */
export interface Span {
  readonly id: string;
  readonly kind: SpanKind;
  /** For an inferred service, the call. */
  readonly entity: TraceSpan;
  readonly name: string;
  /** What it did: an HTTP request, a query, an operation. */
  readonly detail: string;
  /** Name of its segment. */
  readonly service: string;
  /** Changed only while the model is built. */
  start: number;
  /** For an open span: now, or the time of the last change of the trace. */
  end: number;
  readonly isOpen: boolean;
  /** Open, but its trace has been silent for so long that the span has probably been abandoned. */
  readonly isSilent: boolean;
  readonly outcome: RowOutcome;
  readonly parent: Span | undefined;
  readonly children: Span[];
  /** Depth of its row: a call and its callee share a row. */
  depth: number;
  /** For a call: the only segment that serves it. Both share a row. */
  callee: Span | undefined;
  /** Failed rows below this one. */
  failures: Failures;
  /** Its parent never arrived. */
  readonly isOrphan: boolean;
  /** For a segment: the minimum difference from its caller's clock, in seconds; 0 without evidence of a difference. */
  readonly skew: number;
  /** Correction for clock differences: seconds that the span is shown later than recorded; negative for earlier. */
  readonly shift: number;
  /** Seconds by which its end precedes its start; such a span is shown with no duration. */
  readonly reversed: number;
}

export interface TraceModel {
  readonly id: string;
  readonly revision: number;
  readonly isPinned: boolean;
  readonly bytes: number;
  /** Start of the trace, in seconds since the epoch. */
  readonly origin: number;
  /** Lines of load balancers' access logs. */
  readonly accessLog: readonly string[];
  /** In the order of the timeline: parents before children, siblings by start. */
  readonly spans: readonly Span[];
  readonly roots: readonly Span[];
  readonly byId: ReadonlyMap<string, Span>;
  readonly trace: Trace;
  readonly services: number;
  readonly errors: readonly Span[];
  /** The largest clock difference, in seconds. */
  readonly skew: number;
  /** A span is in progress and not abandoned. */
  readonly isLive: boolean;
  readonly open: readonly Span[];
  /** Seconds; grows while the trace is live. */
  length: number;
}

/** A trace that has been silent for this long is considered abandoned: its process has probably ended. */
const ABANDONED_SECONDS = 120;

/**
 * Assembles the documents. `nowSeconds` since the epoch; `isAdjusted`: different clocks are adjusted to those of the
 * callers.
 */
export function modelOf(
  found: TraceDocuments,
  nowSeconds: number,
  { isAdjusted = true }: { isAdjusted?: boolean } = {},
): TraceModel {
  const { id, revision, received, bytes, isPinned, isSampled, documents } = found;
  convertStoredWith(found.conversion);
  const read = documents.map(({ format, document }, arrival) => documentOf(format, document, arrival));
  const trace = assemble({ id, revision, receivedAt: received, bytes, isSampled }, read);
  const isAbandoned = nowSeconds - received > ABANDONED_SECONDS;
  const until = isAbandoned ? received : nowSeconds;
  const builder = new Builder(trace, { until, isAbandoned, isAdjusted });
  const spans = builder.build();
  const [roots, errors, open]: [Span[], Span[], Span[]] = [[], [], []];
  const byId = new Map<string, Span>();
  const services = new Set<string>();
  let [length, skew] = [0, 0];
  // A single pass: this code runs when a trace is opened, before V8 has optimized it.
  for (const span of spans) {
    byId.set(span.id, span);
    if (span.parent === undefined) roots.push(span);
    if (span.kind !== 'subsegment') services.add(serviceKeyOf(trace, span));
    if (span.kind !== 'inferred' && isFailed(span.outcome)) errors.push(span);
    if (span.isOpen) open.push(span);
    if (span.end > length) length = span.end;
    if (span.skew > skew) skew = span.skew;
  }
  const isLive = open.length > 0 && !isAbandoned;
  return {
    id,
    revision,
    isPinned,
    accessLog: found.accessLog ?? [],
    bytes,
    origin: builder.origin,
    spans,
    roots,
    byId,
    trace,
    services: services.size,
    errors,
    skew,
    isLive,
    open,
    length,
  };
}

/** Extends spans in progress. `nowSeconds` since the epoch. */
export function grow(model: TraceModel, nowSeconds: number): void {
  const now = nowSeconds - model.origin;
  for (const span of model.open) span.end = Math.max(span.start, now);
  model.length = Math.max(model.length, now);
}

function serviceKeyOf(trace: Trace, { kind, entity }: Span): string {
  return keyOf(kind === 'inferred' ? inferredServiceOf(entity) : trace.serviceOf(entity));
}

class Builder {
  /** The earliest start. Spans are built with times since the epoch, and moved to it: that takes one pass less. */
  origin = Infinity;
  readonly #trace: Trace;
  readonly #until: number;
  readonly #spans: Span[] = [];
  /** Segments. */
  readonly #placed = new Set<TraceSpan>();
  readonly #isAbandoned: boolean;
  readonly #isAdjusted: boolean;
  readonly #clocks: ReadonlyMap<TraceSpan, Clock>;

  constructor(
    trace: Trace,
    { until, isAbandoned, isAdjusted }: { until: number; isAbandoned: boolean; isAdjusted: boolean },
  ) {
    this.#trace = trace;
    this.#until = until;
    this.#isAbandoned = isAbandoned;
    this.#isAdjusted = isAdjusted;
    this.#clocks = clocksOf(trace);
  }

  #shiftOf(entity: TraceSpan): number {
    if (!this.#isAdjusted || this.#clocks.size === 0) return 0;
    return this.#clocks.get(entity.segment)?.shift ?? 0;
  }

  build(): Span[] {
    const { segments, orphans } = this.#trace;
    const isCalled = ({ parentId }: TraceSpan): boolean =>
      parentId !== undefined && this.#trace.find(parentId) !== undefined;
    const tops = [...segments.filter((segment) => !isCalled(segment)), ...orphans];
    tops.sort((a, b) => a.start - b.start);
    for (const top of tops) this.#place(top);
    // Segments that call each other in a cycle have no top.
    for (const segment of segments) if (!this.#placed.has(segment)) this.#place(segment);
    this.#joinCalls();
    this.#countFailures();
    return this.#spans;
  }

  /** Parents come before their children. In one pass with the times, before V8 has optimized it. */
  #joinCalls(): void {
    if (this.origin === Infinity) this.origin = 0;
    const { origin } = this;
    for (const span of this.#spans) {
      span.start = Math.max(0, span.start - origin);
      span.end = Math.max(span.start, span.end - origin);
      const { parent } = span;
      if (parent === undefined) continue;
      const isCallee = parent.children.length === 1 && isCalleeOf(parent, span);
      if (isCallee) parent.callee = span;
      span.depth = isCallee ? parent.depth : parent.depth + 1;
    }
  }

  #countFailures(): void {
    for (let i = this.#spans.length - 1; i >= 0; i--) {
      const span = this.#spans[i]!;
      const { parent, callee } = span;
      // Most spans did not fail.
      if (callee === undefined && span.failures === NO_FAILURES && !isFailed(span.outcome)) continue;
      if (parent === undefined || span.kind === 'inferred') continue;
      // A call and its callee share a row and the worse outcome; failures below the callee are also below the call.
      const outcome = callee === undefined ? span.outcome : rowOf(span).outcome;
      if (parent.callee !== span && isFailed(outcome)) parent.failures = added(parent.failures, { [outcome]: 1 });
      parent.failures = added(parent.failures, span.failures);
    }
  }

  /** Depth first, not recursive: a trace may be deep. */
  #place(top: TraceSpan): void {
    const open: { entity: TraceSpan; parent: Span | undefined; isInferred: boolean }[] = [
      { entity: top, parent: undefined, isInferred: false },
    ];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { entity, parent, isInferred } = next;
      if (!entity.isSubsegment) {
        if (this.#placed.has(entity)) continue;
        this.#placed.add(entity);
      }
      const span = this.#spanOf(entity, parent, isInferred);
      this.#spans.push(span);
      parent?.children.push(span);
      if (isInferred) continue;
      const below =
        entity.isCall || !entity.isSubsegment || entity.children.length > 0
          ? this.#below(entity)
          : this.#trace.calleesOf(entity);
      for (const child of below) open.push({ entity: child, parent: span, isInferred: false });
      if (this.#trace.isInferring(entity)) open.push({ entity, parent: span, isInferred: true });
    }
  }

  /** Children and callees, latest first. */
  #below(entity: TraceSpan): readonly TraceSpan[] {
    const callees = this.#trace.calleesOf(entity);
    const below = callees.length === 0 ? entity.children : [...entity.children, ...callees];
    if (below.length < 2) return below;
    // SDKs record children in the order of their start: each start is read once.
    let last = -Infinity;
    for (const { start } of below) {
      if (start <= last) return below.toSorted((a, b) => b.start - a.start);
      last = start;
    }
    return below.toReversed();
  }

  #spanOf(entity: TraceSpan, parent: Span | undefined, isInferred: boolean): Span {
    const shift = this.#shiftOf(entity);
    const { start: recordedStart, end: recordedEnd } = entity;
    const start = recordedStart + shift;
    if (recordedStart > 0 && start < this.origin) this.origin = start;
    const isOpen = recordedEnd === undefined;
    const end = recordedEnd === undefined ? this.#until : recordedEnd + shift;
    return {
      id: isInferred ? `${entity.id}-inferred` : entity.id,
      kind: isInferred ? 'inferred' : entity.isSubsegment ? 'subsegment' : 'segment',
      entity,
      name: isInferred ? shortName(inferredServiceOf(entity).name) : entity.xrayName,
      detail: isInferred ? (inferredServiceOf(entity).type ?? '') : detailOf(entity),
      service: isInferred
        ? inferredServiceOf(entity).name
        : entity.isSubsegment && parent !== undefined
          ? parent.service
          : entity.xrayName,
      start,
      end,
      isOpen,
      isSilent: isOpen && this.#isAbandoned,
      outcome: outcomeName(entity),
      parent,
      children: [],
      depth: 0,
      callee: undefined,
      failures: NO_FAILURES,
      isOrphan: parent === undefined && entity.parentId !== undefined,
      skew: entity.isSubsegment || isInferred ? 0 : (this.#clocks.get(entity)?.skew ?? 0),
      shift,
      reversed: recordedEnd === undefined ? 0 : Math.max(0, recordedStart - recordedEnd),
    };
  }
}

/** The row of a span: a call and the segment that serves it share a row, with the worse outcome of the two. */
export function rowOf(span: Span): {
  readonly span: Span;
  readonly call: Span | undefined;
  readonly outcome: RowOutcome;
} {
  const { callee } = span;
  if (callee === undefined) return { span, call: undefined, outcome: span.outcome };
  return {
    span: callee,
    call: span,
    outcome: severityOf(span.outcome) > severityOf(callee.outcome) ? span.outcome : callee.outcome,
  };
}

const NO_FAILURES: Failures = {};

function added(a: Failures, b: Failures): Failures {
  if (b === NO_FAILURES) return a;
  if (a === NO_FAILURES) return b;
  return {
    error: (a.error ?? 0) + (b.error ?? 0),
    throttle: (a.throttle ?? 0) + (b.throttle ?? 0),
    fault: (a.fault ?? 0) + (b.fault ?? 0),
  };
}

/** Whether a segment, the only child of a call, serves it: it began before the call was answered. */
function isCalleeOf({ kind, entity, end }: Span, only: Span): boolean {
  if (kind !== 'subsegment' || only.kind !== 'segment' || !entity.isCall || only.start > end) return false;
  // A message received later: AWS had already answered the call.
  return entity.namespace !== 'aws' || only.end <= end + SKEW_SECONDS;
}

/**
 * What a span waited for, by start: its children, and what a child has recorded from before it began. Lambda records the
 * initialization of a function so, in the segment of the invocation that had to wait for it.
 */
export function partsOf({ children }: Span): readonly Span[] {
  const early = children.flatMap((child) =>
    child.children.filter(({ kind, end }) => kind === 'subsegment' && end <= child.start),
  );
  return early.length === 0 ? children : [...children, ...early].toSorted((a, b) => a.start - b.start);
}

/** Seconds of the span not covered by what it waited for. */
export function selfSecondsOf(span: Span): number {
  const { start, end } = span;
  let covered = 0;
  let until = start;
  for (const child of partsOf(span)) {
    if (child.kind === 'inferred') continue;
    const from = Math.max(until, child.start);
    const to = Math.min(end, child.end);
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return Math.max(0, end - start - covered);
}
