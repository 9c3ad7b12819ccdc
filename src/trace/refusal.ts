import type { Refusal, TraceDocument } from './model.ts';

export function isRefusal(read: TraceDocument | Refusal): read is Refusal {
  return 'code' in read;
}

/**
 * X-Ray refuses further documents of a trace that is too large; here the limit is where reading it would take too much
 * memory.
 */
export function traceFullRefusal({ id, traceId }: TraceDocument): Refusal {
  return { id, code: 'TraceLimitExceeded', message: 'The trace has reached the limit of the local X-Ray', traceId };
}
