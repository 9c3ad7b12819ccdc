import { inferredServiceOf } from './inferred-service.ts';
import type { Span, Trace } from './model.ts';
import type { ServiceId } from './service-id.ts';

/**
 * The service that a message came from: the queue or topic that it was sent to, or the sender itself if it made no
 * call.
 */
export function senderOf(trace: Trace, span: Span): ServiceId {
  if (!span.isCall) return trace.serviceOf(span.segment);
  const [callee] = trace.calleesOf(span);
  return callee === undefined ? inferredServiceOf(span) : trace.serviceOf(callee);
}
