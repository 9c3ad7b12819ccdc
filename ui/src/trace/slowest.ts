import { criticalPath } from './critical-path.ts';
import type { Span, TraceModel } from './model.ts';

/** What a trace waited for longest: spans of one name in one service. */
export interface Slowest {
  /** The one that was waited for longest. */
  readonly span: Span;
  /** Seconds on the critical path that no span below is on. */
  readonly seconds: number;
  readonly entry: Span;
  /** Of the entry's duration. */
  readonly share: number;
  /** How many of them were waited for. */
  readonly spans: number;
}

/** A smaller share is no answer to why it is slow. */
const LEAST_SHARE = 0.3;
/** The critical path of more takes longer than the first picture may. */
const SPANS_AT_ONCE = 5_000;

/** Where most of the time of a trace went; undefined when it is spread, or in progress. `later`: the critical path of a large trace, empty at first. */
export function slowestOf({ spans, roots, open }: TraceModel, later?: () => ReturnType<typeof criticalPath>): Slowest | undefined {
  const root = roots.find(({ isOrphan }) => !isOrphan);
  if (root === undefined || open.length > 0 || spans.length < 2 || root.end <= root.start) return undefined;
  const path = later !== undefined && spans.length > SPANS_AT_ONCE ? later() : criticalPath(root);
  if (path.size === 0) return undefined;
  const sums = new Map<string, { span: Span; longest: number; seconds: number; spans: number }>();
  for (const span of spans) {
    const stretch = path.get(span.id);
    if (stretch === undefined) continue;
    let own = stretch.to - stretch.from;
    for (const child of span.children) {
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
  return most === undefined || share < LEAST_SHARE ? undefined : { span: most.span, seconds: most.seconds, entry: root, share, spans: most.spans };
}
