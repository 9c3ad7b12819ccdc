import type { Stretch } from './critical-path.ts';
import { partsOf, type Span, type TraceModel } from './model.ts';

/** The spans that took the most time on the critical path: those with one name in one service. */
export interface Slowest {
  /** The longest of them on the critical path. */
  readonly span: Span;
  /** Seconds on the critical path, without their children. */
  readonly seconds: number;
  readonly entry: Span;
  /** Of the entry's duration. */
  readonly share: number;
  /** How many of them are on the critical path. */
  readonly spans: number;
}

/** A smaller share does not explain why a trace is slow. */
const MIN_SHARE = 0.3;
/**
 * Where most of the time of a trace went; undefined if it is spread out, or the trace is in progress. `path`: the
 * critical path; empty until it is known.
 */
export function slowestOf({ spans, roots, open }: TraceModel, path: ReadonlyMap<string, Stretch>): Slowest | undefined {
  const root = roots.find(({ isOrphan }) => !isOrphan);
  if (root === undefined || open.length > 0 || spans.length < 2 || root.end <= root.start) return undefined;
  if (path.size === 0) return undefined;
  const sums = new Map<string, { span: Span; longest: number; seconds: number; spans: number }>();
  for (const span of spans) {
    const stretch = path.get(span.id);
    if (stretch === undefined) continue;
    let own = stretch.to - stretch.from;
    for (const child of partsOf(span)) {
      const below = path.get(child.id);
      if (below !== undefined) own -= Math.max(0, Math.min(stretch.to, below.to) - Math.max(stretch.from, below.from));
    }
    const key = `${span.service}\n${span.name}`;
    const sum = sums.get(key) ?? { span, longest: -Infinity, seconds: 0, spans: 0 };
    sums.set(key, sum);
    if (own > sum.longest) [sum.span, sum.longest] = [span, own];
    sum.seconds += own;
    sum.spans++;
  }
  const [most] = [...sums.values()].sort((a, b) => b.seconds - a.seconds);
  const share = most === undefined ? 0 : most.seconds / (root.end - root.start);
  return most === undefined || share < MIN_SHARE
    ? undefined
    : { span: most.span, seconds: most.seconds, entry: root, share, spans: most.spans };
}
