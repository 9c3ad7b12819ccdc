import { severityOf } from '../outcomes.ts';
import type { Span } from './model.ts';

/** As many siblings alike are folded into one row. */
const LEAST_ALIKE = 4;

/** Siblings that do the same, one after the other. */
export interface Fold {
  readonly key: string;
  readonly spans: readonly Span[];
  /** The sum of their lengths, in seconds. */
  readonly seconds: number;
  /** Calls of the same kind: what is known as N+1. */
  readonly isCalls: boolean;
}

export interface TimelineRow {
  /** Of a fold its first. */
  readonly span: Span;
  readonly depth: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  readonly fold: Fold | undefined;
}

export interface Shown {
  /** Ids of spans whose children are hidden. */
  readonly collapsed: ReadonlySet<string>;
  /** Keys of folds that the reader has opened. */
  readonly unfolded: ReadonlySet<string>;
}

/** The rows of the timeline: all spans, without what is collapsed, and repeats as one. Without recursion: a trace may be deep. */
export function rowsOf(roots: readonly Span[], { collapsed, unfolded }: Shown): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const open: (Span | Fold)[] = [];
  const push = (children: readonly Span[], parentId: string): void => {
    const parts = folded(children, parentId);
    for (let i = parts.length - 1; i >= 0; i--) open.push(parts[i]!);
  };
  push(roots, '');
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if ('spans' in next) {
      const [first] = next.spans;
      const isOpen = unfolded.has(next.key);
      rows.push({ span: worst(next.spans) ?? first!, depth: first!.depth, hasChildren: true, isOpen, fold: next });
      if (isOpen) for (let i = next.spans.length - 1; i >= 0; i--) open.push(next.spans[i]!);
      continue;
    }
    const hasChildren = next.children.length > 0;
    const isOpen = hasChildren && !collapsed.has(next.id);
    rows.push({ span: next, depth: next.depth, hasChildren, isOpen, fold: undefined });
    if (isOpen) push(next.children, next.id);
  }
  return rows;
}

function worst(spans: readonly Span[]): Span | undefined {
  return spans.reduce((a, b) => (severityOf(b.outcome) > severityOf(a.outcome) ? b : a));
}

function folded(children: readonly Span[], parentId: string): (Span | Fold)[] {
  if (children.length < LEAST_ALIKE) return [...children];
  const parts: (Span | Fold)[] = [];
  for (let i = 0; i < children.length;) {
    const alike = likenessOf(children[i]!);
    let end = i + 1;
    while (end < children.length && likenessOf(children[end]!) === alike) end++;
    const run = children.slice(i, end);
    if (run.length < LEAST_ALIKE) parts.push(...run);
    else parts.push(foldOf(run, `${parentId} ${alike}`));
    i = end;
  }
  return parts;
}

function foldOf(spans: readonly Span[], key: string): Fold {
  const seconds = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  return { key, spans, seconds, isCalls: spans[0]!.kind === 'inferred' || spans[0]!.entity.isCall };
}

/** The same for spans that differ in numbers and ids only. */
function likenessOf({ kind, name, detail }: Span): string {
  return `${kind} ${name} ${detail.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\d+/gi, '#')}`;
}

/** Every span that has children and lies deeper than `depth` levels. */
export function collapsedBelow(spans: readonly Span[], depth: number): Set<string> {
  return new Set(spans.filter((span) => span.children.length > 0 && span.depth >= depth).map(({ id }) => id));
}

/** What has to be open so that `span` has a row of its own. */
export function revealed(span: Span, { collapsed, unfolded }: Shown): Shown {
  const open = new Set(collapsed);
  const folds = new Set(unfolded);
  for (let at: Span | undefined = span; at !== undefined; at = at.parent) {
    if (at !== span) open.delete(at.id);
    folds.add(`${at.parent?.id ?? ''} ${likenessOf(at)}`);
  }
  return { collapsed: open, unfolded: folds };
}
