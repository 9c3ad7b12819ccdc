import type { Span } from './model.ts';

/** When a span is on the critical path, in seconds from the trace's start. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * What the root waited for: from its end backwards, always the child that ended last, until its start. A child that ends after its parent was not
 * waited for.
 */
export function criticalPath(root: Span | undefined): ReadonlyMap<string, Stretch> {
  const path = new Map<string, Stretch>();
  if (root === undefined) return path;
  const open: Span[] = [root];
  const ends = new Map<string, number>([[root.id, root.end]]);
  for (let span = open.pop(); span !== undefined; span = open.pop()) {
    let cursor = ends.get(span.id)!;
    path.set(span.id, { from: span.start, to: cursor });
    const waitedFor = span.children.filter(({ kind }) => kind !== 'inferred').toSorted((a, b) => b.end - a.end);
    for (const child of waitedFor) {
      if (child.end > cursor || child.end <= span.start || child.end === child.start) continue;
      ends.set(child.id, child.end);
      open.push(child);
      cursor = child.start;
      if (cursor <= span.start) break;
    }
  }
  return path;
}
