import type { TraceDocument } from '../trace/model.ts';

/**
 * Start and end of a trace, in seconds: the start of the first segment, or of the first subsegment if there is no
 * segment.
 */
export function timesOf(
  documents: readonly TraceDocument[],
  hadSegment: boolean,
  knownStart: number,
): { start: number; end: number; hasSegment: boolean } {
  let hasSegment = hadSegment;
  let start = knownStart;
  let end = 0;
  for (const { spans, tops } of documents) {
    for (const span of spans) end = Math.max(end, span.end ?? 0);
    for (const { start: own, isSubsegment } of tops) {
      if (!isSubsegment && !hasSegment) start = Infinity;
      if (own > 0 && (!isSubsegment || !hasSegment)) start = Math.min(start, own);
      hasSegment ||= !isSubsegment;
    }
  }
  return { start: start === Infinity ? 0 : start, end, hasSegment };
}
