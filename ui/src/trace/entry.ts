import type { Span, TraceModel } from './model.ts';

/** The span that a trace is named after: its first root, preferably one that is not an orphan. */
export function entryOf({ roots }: TraceModel): Span | undefined {
  return roots.find(({ isOrphan }) => !isOrphan) ?? roots[0];
}
