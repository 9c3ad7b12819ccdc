import { partsOf, type Span } from './model.ts';

/** When a span is on the critical path, in seconds from the trace's start. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** With more spans, the path is computed after the first paint, which it would delay. */
export const SPANS_AT_ONCE = 5_000;
/**
 * Ends that differ by less count as equal: times in seconds since the epoch are exact to about 0.2 µs, and SDKs round
 * to 1 µs.
 */
const ROUNDING_SECONDS = 1e-6;
/** The same for long spans, as a share of the parent: clocks of two processes never agree to the microsecond. */
const ROUNDING_SHARE = 0.001;

/**
 * The critical path of the root: backwards from its end, always the child that ended last. A child that continues after
 * its parent is clipped at the parent's end; a child that ended while a later one was running was not waited for.
 */
export function criticalPath(root: Span | undefined): ReadonlyMap<string, Stretch> {
  const path = new Map<string, Stretch>();
  if (root === undefined) return path;
  const open: { span: Span; until: number }[] = [{ span: root, until: root.end }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { span, until } = next;
    path.set(span.id, { from: span.start, to: until });
    const tolerance = Math.max(ROUNDING_SECONDS, (until - span.start) * ROUNDING_SHARE);
    const endOf = ({ end }: Span): number => Math.min(end, until);
    const children = partsOf(span).filter(
      ({ kind, start, end }) => kind !== 'inferred' && end > start && end > span.start && start < until,
    );
    children.sort((a, b) => endOf(b) - endOf(a));
    let cursor = until;
    for (let i = 0; i < children.length && cursor > span.start; i++) {
      const last = children[i]!;
      if (endOf(last) > cursor + tolerance || last.start >= cursor) continue;
      // Only a rounding error is left of it.
      if (cursor - last.start < ROUNDING_SECONDS && last.end - last.start > ROUNDING_SECONDS) continue;
      let waitedFor = last;
      // Among children that end together, take the longest.
      for (let j = i + 1; j < children.length && endOf(children[j]!) >= endOf(last) - tolerance; j++) {
        const other = children[j]!;
        if (other.start < waitedFor.start && endOf(other) - last.start > tolerance) waitedFor = other;
      }
      open.push({ span: waitedFor, until: Math.min(endOf(waitedFor), cursor) });
      cursor = waitedFor.start;
    }
  }
  return path;
}
