import type { Span as TraceSpan, Trace } from '../../../src/trace/model.ts';
import { SKEW_SECONDS } from '../../../src/trace/skew.ts';

/** How the clock of a segment differs from the clock of the trace's entry. Seconds. */
export interface Clock {
  /** The minimum difference from its caller's clock; 0 for a segment that only inherits its caller's shift. */
  readonly skew: number;
  /** Added to the times of the segment and its subsegments. */
  readonly shift: number;
}

interface Interval {
  readonly start: number;
  /** Infinity while the segment is open. */
  readonly end: number;
}

/**
 * Finds segments whose clocks differ from those of their callers: callees that begin before they are called, or after
 * the HTTP response.
 * Like Jaeger, this centers such a segment in its call: half of the difference is latency of the request, half of the
 * response.
 * Below such a segment, a callee keeps its own times if they fit; otherwise it is shifted like its caller.
 */
export function clocksOf(trace: Trace): ReadonlyMap<TraceSpan, Clock> {
  const clocks = new Map<TraceSpan, Clock>();
  if (!trace.segments.some((segment) => isOff(trace, segment))) return clocks;
  const seen = new Set<TraceSpan>();
  const open: TraceSpan[] = trace.segments.filter(
    ({ parentId }) => parentId === undefined || trace.find(parentId) === undefined,
  );
  open.push(...trace.orphans);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const shift = clocks.get(at.segment)?.shift ?? 0;
    for (const callee of trace.calleesOf(at)) {
      if (seen.has(callee)) continue;
      const clock = clockOf(at, callee, shift);
      if (clock !== undefined) clocks.set(callee, clock);
      open.push(callee);
    }
    for (const child of at.children) open.push(child);
  }
  return clocks;
}

/** Compares with the recorded clock of the caller. If no segment is off, nothing is shifted. */
function isOff(trace: Trace, callee: TraceSpan): boolean {
  const caller = callee.parentId === undefined ? undefined : trace.find(callee.parentId);
  return caller !== undefined && clockOf(caller, callee, 0) !== undefined;
}

function clockOf(caller: TraceSpan, callee: TraceSpan, callerShift: number): Clock | undefined {
  if (caller.start <= 0 || callee.start <= 0) return undefined;
  const called = intervalOf(caller, callerShift);
  const own = intervalOf(callee, 0);
  const skew = differenceOf(caller, callee, called, own);
  if (skew === 0) return undefined;
  if (callerShift !== 0 && differenceOf(caller, callee, called, intervalOf(callee, callerShift)) === 0)
    return { skew: 0, shift: callerShift };
  const slack = called.end - called.start - (own.end - own.start);
  const isFitting = caller.isCall && Number.isFinite(slack) && slack > 0;
  return { skew, shift: called.start - own.start + (isFitting ? slack / 2 : 0) };
}

function intervalOf({ start, end }: TraceSpan, shift: number): Interval {
  return { start: start + shift, end: end === undefined ? Infinity : Math.max(start, end) + shift };
}

function differenceOf(caller: TraceSpan, callee: TraceSpan, called: Interval, own: Interval): number {
  const early = called.start - own.start;
  if (early > SKEW_SECONDS) return early;
  const late = own.start - called.end;
  return late > SKEW_SECONDS && isAnswered(caller, callee) ? late : 0;
}

/**
 * The caller received the response of this request. AWS itself answers calls to AWS: messages and asynchronous
 * invocations start at any later time.
 */
function isAnswered(caller: TraceSpan, callee: TraceSpan): boolean {
  return (
    caller.isCall && caller.namespace !== 'aws' && caller.httpStatus !== undefined && callee.http?.hasResponse === true
  );
}
