import { createHash } from 'node:crypto';
import { double, seconds } from '../json/aws-json.ts';
import type { Json } from '../json/json.ts';
import { inferredOriginOf } from '../trace/inferred-service.ts';
import type { Span, Trace } from '../trace/model.ts';
import type { TraceView } from '../trace/trace-view.ts';
import { walk } from '../trace/walk.ts';

/** X-Ray's quota for a trace. It refuses documents beyond it; the local X-Ray stores them. */
export const MAX_TRACE_BYTES = 500 * 1024;

/** Maximum characters of inferred documents: for 30,000 calls in a trace, they are three times as long as the trace. */
const MAX_INFERRED_LENGTH = 2_000_000;

/**
 * A member of `Traces` in the output of BatchGetTraces: processed documents, then inferred ones up to the limit of
 * characters.
 */
export function traceMembers(view: TraceView, maxInferred = MAX_INFERRED_LENGTH): object {
  const { trace } = view;
  const segments = trace.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(processed(segment)) }));
  const inferred: { Id: string; Document: string }[] = [];
  let length = 0;
  for (const segment of trace.segments) {
    walk(segment, (span) => {
      if (length > maxInferred || !trace.isInferring(span)) return;
      const json = inferredDocument(trace, span);
      const Document = JSON.stringify(json);
      length += Document.length;
      inferred.push({ Id: json.id, Document });
    });
  }
  return {
    Id: trace.id,
    Duration: seconds(view.duration),
    LimitExceeded: trace.bytes > MAX_TRACE_BYTES || length > maxInferred,
    Segments: [...segments, ...inferred],
  };
}

/** The document as AWS returns it: streamed subsegments in their place. */
function processed(span: Span): Json {
  const document = span.segmentDocument();
  if (span.children.length > 0) document['subsegments'] = span.children.map(processed);
  return document;
}

/**
 * The segment of a service that does not report. AWS's IDs are random; these are stable, so that a page can keep its
 * position.
 */
function inferredDocument(trace: Trace, call: Span): { readonly id: string } {
  const seen = call.segmentDocument();
  const document: { readonly id: string; [member: string]: unknown } = {
    id: inferredIdOf(trace.id, call.id),
    name: call.xrayName,
    start_time: double(call.start),
    trace_id: trace.id,
    end_time: double(call.end ?? call.start),
    parent_id: call.id,
    inferred: true,
  };
  for (const key of ['fault', 'error', 'throttle', 'http', 'aws'])
    if (seen[key] !== undefined) document[key] = seen[key];
  const origin = inferredOriginOf(call);
  if (origin !== undefined) document['origin'] = origin;
  if (call.xrayName === 'SQS' && call.aws['operation'] === 'SendMessage') {
    const queue = {
      id: inferredIdOf(trace.id, `${call.id} queue`),
      name: 'QueueTime',
      start_time: document['start_time'],
      end_time: document['end_time'],
    };
    document['subsegments'] = [queue];
  }
  return document;
}

function inferredIdOf(traceId: string, id: string): string {
  return createHash('sha1').update(`${traceId} ${id}`).digest('hex').slice(0, 16);
}
