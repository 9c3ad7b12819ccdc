import type { RowOutcome } from '../../../src/api/page-types.ts';
import { isFailed, severityOf, worstOf, type Failures } from '../outcomes.ts';
import { foldedIn, type Fold } from './folds.ts';
import { rowOf, type Span } from './model.ts';

export interface TimelineRow {
  /** For a fold its worst span; for a call served by a segment, that segment. */
  readonly span: Span;
  /** The caller's span of the same call, if there is one. */
  readonly call: Span | undefined;
  /** The worst outcome of the spans in the row. */
  readonly outcome: RowOutcome;
  readonly depth: number;
  readonly hasChildren: boolean;
  readonly isOpen: boolean;
  readonly fold: Fold | undefined;
  /** Failures in rows hidden below this one. */
  readonly hidden: Failures;
}

export interface Shown {
  /** Ids of spans whose children are hidden. */
  readonly collapsed: ReadonlySet<string>;
  /** Keys of expanded folds. */
  readonly unfolded: ReadonlySet<string>;
}

/**
 * The rows of the timeline: all spans except collapsed ones, with repeats folded. `hasInferred`: inferred services have
 * their own row below the call, with the same times. Not recursive: a trace may be deep.
 */
export function rowsOf(
  roots: readonly Span[],
  shown: Shown,
  { hasInferred = false }: { hasInferred?: boolean } = {},
): TimelineRow[] {
  const rows: TimelineRow[] = [];
  /** `inFolds`: the number of expanded folds around the part; each adds a level. */
  const open: { part: Span | Fold; inFolds: number }[] = [];
  const push = (parts: readonly (Span | Fold)[], inFolds: number): void => {
    for (let i = parts.length - 1; i >= 0; i--) open.push({ part: parts[i]!, inFolds });
  };
  push(foldedIn(roots, ''), 0);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, inFolds } = next;
    if ('spans' in part) {
      const isOpen = shown.unfolded.has(part.key);
      rows.push(foldRow(part, isOpen, inFolds));
      if (isOpen) push(part.spans, inFolds + 1);
      continue;
    }
    const { span, call, outcome } = rowOf(part);
    const children = hasInferred ? span.children : reported(span.children);
    const hasChildren = children.length > 0;
    const isOpen = hasChildren && !shown.collapsed.has(span.id);
    const hidden = hasChildren && !isOpen ? span.failures : NONE;
    rows.push({ span, call, outcome, depth: span.depth + inFolds, hasChildren, isOpen, fold: undefined, hidden });
    if (isOpen) push(foldedIn(children, span.id), inFolds);
  }
  return rows;
}

const NONE: Failures = {};

function reported(children: readonly Span[]): readonly Span[] {
  return children.some(({ kind }) => kind === 'inferred')
    ? children.filter(({ kind }) => kind !== 'inferred')
    : children;
}

function foldRow(fold: Fold, isOpen: boolean, inFolds: number): TimelineRow {
  const all = fold.spans.map(rowOf);
  const worst = all.reduce((a, b) => (severityOf(b.outcome) > severityOf(a.outcome) ? b : a));
  const hidden: { -readonly [K in keyof Failures]: Failures[K] } = {};
  if (!isOpen) {
    for (const { span, outcome } of all) {
      if (isFailed(outcome)) hidden[outcome] = (hidden[outcome] ?? 0) + 1;
      for (const each of ['error', 'throttle', 'fault'] as const)
        hidden[each] = (hidden[each] ?? 0) + (span.failures[each] ?? 0);
    }
  }
  return {
    span: worst.span,
    call: undefined,
    outcome: worst.outcome,
    depth: fold.spans[0].depth + inFolds,
    hasChildren: true,
    isOpen,
    fold,
    hidden: worstOf(hidden) === undefined ? NONE : hidden,
  };
}

/** The row's own span, or the call that it serves. */
export function isOfRow({ span, call, fold }: TimelineRow, wanted: Span | undefined): boolean {
  return wanted !== undefined && fold === undefined && (span === wanted || call === wanted);
}

/** At most one span per row: of a call and its callee, the one in `spans`, preferably the callee. */
export function oncePerRow(spans: readonly Span[]): Span[] {
  const all = new Set(spans);
  return spans.filter(({ callee }) => callee === undefined || !all.has(callee));
}

/** Every span with children that is deeper than `depth` levels. */
export function collapsedBelow(spans: readonly Span[], depth: number): Set<string> {
  return new Set(spans.filter((span) => span.children.length > 0 && span.depth >= depth).map(({ id }) => id));
}

/** Expands whatever hides the row of `span`. */
export function revealed(span: Span, roots: readonly Span[], { collapsed, unfolded }: Shown): Shown {
  const open = new Set(collapsed);
  const folds = new Set(unfolded);
  for (let at: Span | undefined = span; at !== undefined; at = at.parent) {
    if (at !== span) open.delete(at.id);
    const fold = foldWith(at, roots);
    if (fold !== undefined) folds.add(fold.key);
  }
  return { collapsed: open, unfolded: folds };
}

/** The fold that contains the span, expanded or not. */
export function foldWith(span: Span, roots: readonly Span[]): Fold | undefined {
  const siblings = span.parent === undefined ? roots : reported(span.parent.children);
  return foldedIn(siblings, span.parent?.id ?? '').find(
    (part): part is Fold => 'spans' in part && part.spans.includes(span),
  );
}
