import type { Span, Trace } from './model.ts';

/** Clock differences up to this are ignored. */
export const SKEW_SECONDS = 0.005;

/**
 * By how many seconds a segment starts before the call that caused it, which shows that clocks differ; 0 if they agree.
 */
export function skewOf(trace: Trace, segment: Span): number {
  const caller = segment.parentId === undefined ? undefined : trace.find(segment.parentId);
  if (caller?.isCall !== true) return 0;
  const early = caller.start - segment.start;
  return early > SKEW_SECONDS ? early : 0;
}
