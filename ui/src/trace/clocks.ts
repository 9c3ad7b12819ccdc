import type { Span as TraceSpan, Trace } from '../../../src/trace/model.ts';
import { SKEW_SECONDS } from '../../../src/trace/skew.ts';

/** The clock of a segment, against that of the entry of the trace. Seconds. */
export interface Clock {
  /** It differs by at least this much from its caller's; 0 for one that only shares its caller's clock. */
  readonly skew: number;
  /** To be added to the times of the segment and of what lies in it. */
  readonly shift: number;
}

interface Interval {
  readonly start: number;
  /** Infinity while it is open. */
  readonly end: number;
}

/**
 * The segments whose clocks differ from their callers'. A callee that begins before it is called proves it, and so does one that begins after
 * the HTTP response. Such a segment is put into the middle of its call, as Jaeger does: half of the difference is taken for the way there, half for
 * the way back. Below it, a callee keeps its own times when they fit, then those of its caller's clock.
 */
export function clocksOf(trace: Trace): ReadonlyMap<TraceSpan, Clock> {
  const clocks = new Map<TraceSpan, Clock>();
  if (!trace.segments.some((segment) => isOff(trace, segment))) return clocks;
  const seen = new Set<TraceSpan>();
  const open: TraceSpan[] = trace.segments.filter(({ parentId }) => parentId === undefined || trace.find(parentId) === undefined);
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

/** Against its caller's clock as it is recorded. Where none is off, nothing is shifted. */
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
  if (callerShift !== 0 && differenceOf(caller, callee, called, intervalOf(callee, callerShift)) === 0) return { skew: 0, shift: callerShift };
  const room = called.end - called.start - (own.end - own.start);
  const isFitting = caller.isCall && Number.isFinite(room) && room > 0;
  return { skew, shift: called.start - own.start + (isFitting ? room / 2 : 0) };
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

/** The caller has the response of this very request. A call of AWS is answered by AWS: messages and asynchronous invocations begin when they like. */
function isAnswered(caller: TraceSpan, callee: TraceSpan): boolean {
  return caller.isCall && caller.namespace !== 'aws' && caller.httpStatus !== undefined && callee.http?.hasResponse === true;
}
