import type { RowOutcome, TraceDocuments } from '../../../src/xray/api/page-types.ts';
import { assemble, Trace } from '../../../src/xray/trace/assemble.ts';
import { outcomeName, SKEW_SECONDS, type Entity } from '../../../src/xray/trace/entity.ts';
import { isObject, member, textOf } from '../../../src/xray/trace/json.ts';
import { inferredServiceOf, keyOf } from '../../../src/xray/trace/service-id.ts';
import { pathOf, shortName } from '../format.ts';

export type SpanKind = 'segment' | 'subsegment' | 'inferred';

/** A row's worth of a trace: a segment, a subsegment, or a service that X-Ray infers from a call. Times are seconds from the trace's start. */
export interface Span {
  readonly id: string;
  readonly kind: SpanKind;
  /** Of an inferred one the call. */
  readonly entity: Entity;
  readonly name: string;
  /** What it did: an HTTP request, a query, an operation. */
  readonly detail: string;
  /** Name of the segment that it lies in. */
  readonly service: string;
  readonly start: number;
  /** Of what is still open: now, or when the trace last changed. */
  end: number;
  readonly isOpen: boolean;
  readonly outcome: RowOutcome;
  readonly parent: Span | undefined;
  readonly children: Span[];
  readonly depth: number;
  /** Its parent never came. */
  readonly isOrphan: boolean;
  /** Seconds that it starts before its caller: the clocks differ. */
  readonly skew: number;
}

export interface TraceModel {
  readonly id: string;
  readonly revision: number;
  readonly isPinned: boolean;
  readonly bytes: number;
  /** Start of the trace, in seconds since the epoch. */
  readonly origin: number;
  /** In the order of the timeline: parents before children, siblings by start. */
  readonly spans: readonly Span[];
  readonly roots: readonly Span[];
  readonly byId: ReadonlyMap<string, Span>;
  readonly trace: Trace;
  readonly services: number;
  readonly errors: readonly Span[];
  /** Something is in progress and may go on. */
  readonly isLive: boolean;
  readonly open: readonly Span[];
  /** Seconds; grows while it is live. */
  length: number;
}

/** What has been silent for so long is not going on: its process has ended. */
const ABANDONED_SECONDS = 120;

/** Puts the documents together. `nowSeconds` since the epoch. */
export function modelOf(found: TraceDocuments, nowSeconds: number): TraceModel {
  const { id, revision, received, bytes, isPinned, documents } = found;
  const trace = new Trace({ id, revision, receivedAt: received, bytes }, assemble(documents));
  const isAbandoned = nowSeconds - received > ABANDONED_SECONDS;
  const until = isAbandoned ? received : nowSeconds;
  const builder = new Builder(trace, until);
  const spans = builder.build();
  const open = spans.filter(({ isOpen }) => isOpen);
  let length = 0;
  for (const span of spans) length = Math.max(length, span.end);
  return {
    id,
    revision,
    isPinned,
    bytes,
    origin: builder.origin,
    spans,
    roots: spans.filter(({ parent }) => parent === undefined),
    byId: new Map(spans.map((span) => [span.id, span])),
    trace,
    services: new Set(spans.filter(({ kind }) => kind !== 'subsegment').map((span) => serviceKeyOf(trace, span))).size,
    errors: spans.filter(({ kind, outcome }) => kind !== 'inferred' && (outcome === 'fault' || outcome === 'error' || outcome === 'throttle')),
    isLive: open.length > 0 && !isAbandoned,
    open,
    length,
  };
}

/** Lets what is in progress grow. `nowSeconds` since the epoch. */
export function grow(model: TraceModel, nowSeconds: number): void {
  const now = nowSeconds - model.origin;
  for (const span of model.open) span.end = Math.max(span.start, now);
  model.length = Math.max(model.length, now);
}

function serviceKeyOf(trace: Trace, { kind, entity }: Span): string {
  return keyOf(kind === 'inferred' ? inferredServiceOf(entity) : trace.serviceOf(entity));
}

class Builder {
  readonly origin: number;
  readonly #trace: Trace;
  readonly #until: number;
  readonly #spans: Span[] = [];
  readonly #placed = new Set<Entity>();

  constructor(trace: Trace, until: number) {
    this.#trace = trace;
    this.#until = until;
    let origin = Infinity;
    for (const entity of trace.entities()) if (entity.start > 0) origin = Math.min(origin, entity.start);
    this.origin = origin === Infinity ? 0 : origin;
  }

  build(): Span[] {
    const { segments, orphans } = this.#trace;
    const isCalled = ({ parentId }: Entity): boolean => parentId !== undefined && this.#trace.find(parentId) !== undefined;
    const tops = [...segments.filter((segment) => !isCalled(segment)), ...orphans];
    tops.sort((a, b) => a.start - b.start);
    for (const top of tops) this.#place(top);
    // Segments that call each other in a circle have no top.
    for (const segment of segments) if (!this.#placed.has(segment)) this.#place(segment);
    return this.#spans;
  }

  /** Depth first, without recursion: a trace may be deep. */
  #place(top: Entity): void {
    const open: { entity: Entity; parent: Span | undefined; isInferred: boolean }[] = [{ entity: top, parent: undefined, isInferred: false }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { entity, parent, isInferred } = next;
      if (!isInferred) {
        if (this.#placed.has(entity)) continue;
        this.#placed.add(entity);
      }
      const span = this.#spanOf(entity, parent, isInferred);
      this.#spans.push(span);
      parent?.children.push(span);
      if (isInferred) continue;
      const below = entity.isCall || !entity.isSubsegment || entity.children.length > 0 ? this.#below(entity) : this.#trace.calleesOf(entity);
      for (const child of below) open.push({ entity: child, parent: span, isInferred: false });
      if (this.#trace.isInferring(entity)) open.push({ entity, parent: span, isInferred: true });
    }
  }

  /** What was called from here, latest first. */
  #below(entity: Entity): readonly Entity[] {
    const callees = this.#trace.calleesOf(entity);
    const below = callees.length === 0 ? entity.children.slice() : [...entity.children, ...callees];
    return below.sort((a, b) => b.start - a.start);
  }

  #spanOf(entity: Entity, parent: Span | undefined, isInferred: boolean): Span {
    const start = Math.max(0, entity.start - this.origin);
    const isOpen = entity.isInProgress;
    const end = Math.max(start, (entity.end ?? this.#until) - this.origin);
    const isCallee = parent !== undefined && !entity.isSubsegment && !isInferred;
    return {
      id: isInferred ? `${entity.id}-inferred` : entity.id,
      kind: isInferred ? 'inferred' : entity.isSubsegment ? 'subsegment' : 'segment',
      entity,
      name: isInferred ? shortName(inferredServiceOf(entity).name) : entity.name,
      detail: isInferred ? (inferredServiceOf(entity).type ?? '') : detailOf(entity),
      service: isInferred ? inferredServiceOf(entity).name : entity.segment.name,
      start,
      end,
      isOpen,
      outcome: outcomeName(entity),
      parent,
      children: [],
      depth: parent === undefined ? 0 : parent.depth + 1,
      isOrphan: parent === undefined && entity.parentId !== undefined,
      skew: isCallee && parent.start - start > SKEW_SECONDS ? parent.start - start : 0,
    };
  }
}

function detailOf(entity: Entity): string {
  const { json } = entity;
  if (json['http'] === undefined && json['sql'] === undefined && json['aws'] === undefined) return '';
  const { aws } = entity;
  const request = member(json['http'], 'request');
  const url = textOf(member(request, 'url'));
  const operation = textOf(aws['operation']);
  if (json['namespace'] === 'aws' && operation !== undefined) return `${operation} ${resourceOf(aws)}`.trim();
  const query = textOf(member(json['sql'], 'sanitized_query'));
  if (query !== undefined) return query.replaceAll(/\s+/g, ' ').slice(0, 200);
  if (url !== undefined) return `${textOf(member(request, 'method')) ?? ''} ${pathOf(url)}`.trim();
  if (isObject(json['sql'])) return textOf(json['sql']['database_type']) ?? 'SQL';
  return '';
}

function resourceOf(aws: Readonly<Record<string, unknown>>): string {
  for (const key of ['table_name', 'bucket_name', 'queue_url', 'topic_arn', 'function_name', 'resource_names']) {
    const value = aws[key];
    const text = Array.isArray(value) ? textOf(value[0]) : textOf(value);
    if (text !== undefined) return text.split(/[/:]/).at(-1)!;
  }
  return '';
}

/** Seconds of the span that none of its children covers: it did not wait for others. */
export function selfSecondsOf({ start, end, children }: Span): number {
  let covered = 0;
  let until = start;
  // Children come by start.
  for (const child of children) {
    if (child.kind === 'inferred') continue;
    const from = Math.max(until, child.start);
    const to = Math.min(end, child.end);
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return Math.max(0, end - start - covered);
}
