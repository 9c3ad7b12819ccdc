import { createHash } from 'node:crypto';
import { double, seconds, type JsonText } from '../json/aws-json.ts';
import type { Expression } from '../filter/expression.ts';
import { matchedCall, matchedVisit } from '../filter/predicate.ts';
import { isFound, type Search } from '../filter/search.ts';
import type { Cursor, Found, TimeRange, TraceSource } from './source.ts';
import { ListText } from './list-text.ts';
import { outcomeMembers } from '../trace/members.ts';
import { summaryOf, type Match } from './summary.ts';
import type { TraceView } from '../trace/trace-view.ts';
import { slices } from './slices.ts';

export interface SummariesRequest extends Search {
  readonly range: TimeRange;
  /** Share of the traces to return, 0–1. */
  readonly rate: number;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

export interface SummariesPage {
  /** TraceSummary. */
  readonly TraceSummaries: JsonText;
  readonly ApproximateTime: object;
  readonly TracesProcessedCount: number;
  /** Where the next page starts; undefined at the end. */
  readonly next: Cursor | undefined;
}

/** A page ends after about this time, however few traces match; the next token continues from there. */
const PAGE_MS = 1_000;

/** GetTraceSummaries. */
export async function traceSummaries(
  reader: TraceSource,
  { range, rate, after, limit, ...search }: SummariesRequest,
): Promise<SummariesPage> {
  const summaries = new ListText();
  const { processed, next } = await scanPage(
    reader,
    { ...search, range, after, limit, maxMs: PAGE_MS, isWanted: (view) => isSampled(view, rate) },
    (view) => summaries.add(summaryOf(view, matchOf(view, range, search.filter))),
  );
  const approximate = Math.floor(range.start) - (range.type === 'Service' ? 60 : 0);
  return {
    TraceSummaries: summaries.end(),
    ApproximateTime: double(approximate),
    TracesProcessedCount: processed,
    next,
  };
}

export interface Scan extends Omit<SummariesRequest, 'rate'> {
  /** The page ends after about this time, however few traces match. */
  readonly maxMs: number;
  readonly isWanted?: (view: TraceView) => boolean;
}

/**
 * Passes the matching traces to `take`, newest first, which returns the bytes it adds to the page. `next` is the start
 * of the next page.
 */
export async function scanPage(
  reader: TraceSource,
  { range, after, limit, maxMs, isWanted = () => true, ...search }: Scan,
  take: (view: TraceView) => number,
): Promise<{ processed: number; next: Cursor | undefined }> {
  let found = 0;
  let processed = 0;
  let bytes = 0;
  const startedMs = performance.now();
  for await (const { view, cursor } of slices(reader.candidates(range, search, after))) {
    processed++;
    if (view !== undefined && isInRange(view, range) && isWanted(view) && isFound(search, view)) {
      found++;
      bytes += Math.max(take(view), view.trace.bytes);
    }
    if (found >= limit || bytes >= reader.budget.maxAnswerBytes || performance.now() - startedMs > maxMs)
      return { processed, next: cursor };
  }
  return { processed, next: undefined };
}

/** All matches, for graphs and series. Selected by time of receipt, as in AWS. */
export async function* matching(reader: TraceSource, range: TimeRange, search: Search): AsyncGenerator<TraceView> {
  for await (const { view } of found(reader, range, search)) yield view;
}

/** `matching`, with the position of each trace. */
export async function* found(reader: TraceSource, range: TimeRange, search: Search): AsyncGenerator<Found> {
  for await (const { view, cursor } of slices(reader.candidates(range, search))) {
    if (view !== undefined && isInRange(view, range) && isFound(search, view)) yield { view, cursor };
  }
}

function isInRange(view: TraceView, { type, start, end }: TimeRange): boolean {
  const isIn = (time: number | undefined): boolean => time !== undefined && time >= start && time < end;
  if (type === 'TraceId') return isIn(view.start);
  if (type === 'Event') return isIn(view.trace.receivedAt);
  return isIn(view.trace.receivedAt) || view.trace.segments.some((segment) => isIn(segment.end));
}

/** The same rate always selects the same traces. */
function isSampled({ trace }: TraceView, rate: number): boolean {
  if (rate >= 1) return true;
  return createHash('sha1').update(trace.id).digest().readUInt32BE(0) / 0x1_0000_0000 < rate;
}

/**
 * compat: MatchedService and MatchedEdge are undocumented, and set only for the range type Service. Source: recorded
 * answers of X-Ray.
 */
function matchOf(view: TraceView, { type }: TimeRange, filter: Expression | undefined): Match {
  if (type === 'TraceId') return { eventTime: undefined, service: undefined, edge: undefined };
  const isService = type === 'Service' && filter !== undefined;
  const visit = isService ? matchedVisit(filter, view) : undefined;
  const call = isService ? matchedCall(filter, view) : undefined;
  return {
    eventTime: Math.floor(view.trace.receivedAt),
    service:
      visit === undefined
        ? undefined
        : { Annotations: {}, ...outcomeMembers(visit.span.outcome), ResponseTime: seconds(visit.span.seconds) },
    edge:
      call === undefined
        ? undefined
        : {
            DestinationAnnotations: {},
            ...outcomeMembers(call.span.outcome),
            ResponseTime: seconds(call.span.seconds),
          },
  };
}
