import { MAX_DEPTH } from './limits.ts';
import { textOf } from '../json/json.ts';
import type { Span, SpanPart, Trace, TraceDocument, TraceFacts } from './model.ts';
import type { ServiceId } from './service-id.ts';
import { walk } from './walk.ts';

/**
 * Puts a trace together from its documents, of whatever formats: subsegments that were sent separately are folded into
 * their parents, and versions of a span are merged. The result does not depend on the order of the documents.
 */
export function assemble(facts: TraceFacts, documents: readonly TraceDocument[]): Trace {
  return new AssembledTrace(facts, new Assembly(documents).parts());
}

class AssembledTrace implements Trace {
  readonly id: string;
  readonly segments: readonly Span[];
  readonly orphans: readonly Span[];
  readonly revision: number;
  readonly receivedAt: number;
  readonly bytes: number;
  readonly isSampled: boolean;
  readonly accountId: string | undefined;
  readonly #find: Parts['find'];
  readonly #callees = new Map<string, Span[]>();

  constructor({ id, revision, receivedAt, bytes, isSampled, accountId }: TraceFacts, parts: Parts) {
    this.id = id;
    this.accountId = accountId;
    this.bytes = bytes;
    this.isSampled = isSampled;
    this.segments = parts.segments;
    this.orphans = parts.orphans;
    this.revision = revision;
    this.receivedAt = receivedAt;
    this.#find = parts.find;
    for (const segment of parts.segments) {
      if (segment.parentId === undefined) continue;
      const callees = this.#callees.get(segment.parentId);
      if (callees === undefined) this.#callees.set(segment.parentId, [segment]);
      else callees.push(segment);
    }
  }

  get root(): Span | undefined {
    return this.segments.find(({ parentId }) => parentId === undefined);
  }

  find(id: string): Span | undefined {
    return this.#find(id);
  }

  /** compat: AWS includes the account only if it is another one. Source: recorded answers of X-Ray. */
  serviceOf(segment: Span): ServiceId {
    const accountId = textOf(segment.aws['account_id']) ?? null;
    return {
      name: segment.xrayName,
      type: segment.origin ?? null,
      accountId: accountId === this.accountId ? null : accountId,
    };
  }

  calleesOf({ id }: Span): readonly Span[] {
    return this.#callees.get(id) ?? NONE;
  }

  isInferring(span: Span): boolean {
    return span.isCall && span.end !== undefined && this.calleesOf(span).length === 0;
  }

  spans(hasOrphans = true): readonly Span[] {
    const all: Span[] = [];
    for (const top of hasOrphans ? [...this.segments, ...this.orphans] : this.segments)
      walk(top, (span) => all.push(span));
    return all;
  }
}

const NONE: readonly Span[] = [];

interface Parts {
  readonly segments: readonly Span[];
  readonly orphans: readonly Span[];
  readonly find: (id: string) => Span | undefined;
}

class Assembly {
  readonly #segments = new Map<string, SpanPart>();
  readonly #subsegments = new Map<string, SpanPart>();
  /** Subsegments that were sent separately. */
  readonly #streamed: SpanPart[] = [];
  /** Whether a span is in more than one document. */
  #hasVersions = false;

  constructor(documents: readonly TraceDocument[]) {
    const all = documents.flatMap(({ tops }) => tops).sort(byStart);
    for (const top of all) if (!top.isSubsegment) this.#add(top, this.#segments);
    for (const top of all) if (top.isSubsegment && this.#add(top, this.#subsegments)) this.#streamed.push(top);
    for (const span of this.#streamed) {
      // A span that is embedded in another document already has its place.
      const parent = span.parent === undefined && span.parentId !== undefined ? this.#find(span.parentId) : undefined;
      if (parent !== undefined) place(span, parent);
    }
  }

  parts(): Parts {
    const segments = [...this.#segments.values()];
    const orphans = this.#streamed.length > 0 || this.#hasVersions ? this.#orphans(segments) : [];
    return { segments, orphans, find: (id) => this.#find(id) };
  }

  #find(id: string): SpanPart | undefined {
    return this.#segments.get(id) ?? this.#subsegments.get(id);
  }

  /** False if another version of the span exists, which then absorbs this one. */
  #add(top: SpanPart, known: Map<string, SpanPart>): boolean {
    const other = known.get(top.id);
    if (other === undefined) known.set(top.id, top);
    else other.takeVersion(top);
    this.#addEmbedded(other ?? top, top);
    return other === undefined;
  }

  /** Adds the spans inside `version`, a version of `owner`. Those of all versions are kept. */
  #addEmbedded(owner: SpanPart, version: SpanPart): void {
    const open = [{ owner, version }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const child of next.version.embedded) {
        let span = this.#subsegments.get(child.id);
        if (span === undefined) {
          span = child;
          this.#subsegments.set(span.id, span);
          place(span, next.owner);
        } else {
          this.#hasVersions = true;
          span.takeVersion(child);
          if (span.parent === undefined && span !== next.owner) place(span, next.owner);
        }
        if (child.embedded.length > 0) open.push({ owner: span, version: child });
      }
    }
  }

  /**
   * Subsegments without a segment: their parent is missing, is inside themselves, or is too deep to be serialised
   * again.
   */
  #orphans(segments: readonly SpanPart[]): SpanPart[] {
    const orphans = this.#streamed.filter(({ parent }) => parent === undefined);
    const reached = new Set<SpanPart>();
    const reach = (top: SpanPart): void => {
      const open = [{ span: top, depth: 0 }];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        const { span, depth } = next;
        reached.add(span);
        for (const child of span.children.slice()) {
          if (depth < MAX_DEPTH) open.push({ span: child, depth: depth + 1 });
          else {
            remove(child);
            orphans.push(child);
          }
        }
      }
    };
    for (const segment of segments) reach(segment);
    // The list grows while tops are too deep.
    for (let i = 0; i < orphans.length; i++) reach(orphans[i]!);
    for (const span of this.#streamed) {
      if (reached.has(span)) continue;
      remove(span);
      for (let i = orphans.push(span) - 1; i < orphans.length; i++) reach(orphans[i]!);
    }
    return orphans.sort(byStart);
  }
}

function place(span: SpanPart, parent: SpanPart): void {
  span.parent = parent;
  parent.addChild(span);
}

function remove(span: SpanPart): void {
  span.parent?.removeChild(span);
  span.parent = undefined;
}

function byStart(a: Span, b: Span): number {
  return a.start - b.start || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
