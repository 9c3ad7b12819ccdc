import { severityOf } from '../outcomes.ts';
import { rowOf, type Span } from './model.ts';

/** At least this many similar siblings are folded into one row. */
const MIN_FOLD = 4;
/** Spans that overlap by less than this count as sequential. */
const ROUNDING_SECONDS = 1e-6;

/** Never empty. */
type Run = readonly [first: Span, ...others: Span[]];

/** Similar siblings in one row. */
export interface Fold {
  readonly key: string;
  /** ID in the address, made from its first span. */
  readonly id: string;
  readonly spans: Run;
  /** The same spans, the worst last: the last drawn is on top. */
  readonly worstLast: readonly Span[];
  /** The sum of their durations, in seconds. */
  readonly seconds: number;
  /** The maximum number that ran concurrently; 1 if they ran one after another. */
  readonly atOnce: number;
  /** Calls of the same kind. */
  readonly isCalls: boolean;
}

export const FOLD_ID = 'fold-';

/** Siblings in order, with runs of similar ones folded. `parentId` is part of the keys. */
export function foldedIn(children: readonly Span[], parentId: string): readonly (Span | Fold)[] {
  if (children.length < MIN_FOLD) return children;
  const parts: (Span | Fold)[] = [];
  const runs = new Map<string, number>();
  for (const run of runsOf(children)) {
    if (run.length < MIN_FOLD) {
      parts.push(...run);
      continue;
    }
    const alike = likenessOf(run[0]);
    const before = runs.get(alike) ?? 0;
    runs.set(alike, before + 1);
    parts.push(foldOf(run, `${parentId} ${before} ${alike}`));
  }
  return parts;
}

/** Groups of similar neighbours. */
function runsOf(children: readonly Span[]): readonly Run[] {
  const runs: [Span, ...Span[]][] = [];
  for (const child of children) {
    const run = runs.at(-1);
    if (run !== undefined && likenessOf(run[0]) === likenessOf(child)) run.push(child);
    else runs.push([child]);
  }
  return runs;
}

function foldOf(spans: Run, key: string): Fold {
  const [first] = spans;
  const seconds = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const isCalls = first.kind === 'inferred' || first.entity.isCall;
  const worstLast = spans.toSorted((a, b) => severityOf(rowOf(a).outcome) - severityOf(rowOf(b).outcome));
  return { key, id: FOLD_ID + first.id, spans, worstLast, seconds, atOnce: atOnceOf(spans), isCalls };
}

function atOnceOf(spans: readonly Span[]): number {
  const edges = spans.flatMap(({ start, end }) => [
    { at: start, by: 1 },
    { at: Math.max(start, end - ROUNDING_SECONDS), by: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || a.by - b.by);
  let [running, most] = [0, 1];
  for (const { by } of edges) most = Math.max(most, (running += by));
  return most;
}

const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\d+/gi;

/** A request or a name with numbers and IDs replaced by #. */
export function shapeOf(text: string): string {
  return text.replaceAll(VARYING, '#');
}

const likenesses = new WeakMap<Span, string>();

/** Equal for spans that differ in numbers and IDs only. */
function likenessOf(span: Span): string {
  let likeness = likenesses.get(span);
  if (likeness === undefined) {
    likeness = `${span.kind} ${span.name} ${shapeOf(span.detail)}`;
    likenesses.set(span, likeness);
  }
  return likeness;
}
