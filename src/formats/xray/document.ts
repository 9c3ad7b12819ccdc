import { outcomeName, type OutcomeName } from '../../trace/outcome.ts';
import { isRefusal } from '../../trace/refusal.ts';
import { readDocument } from './validate.ts';

/** Summary of a document for a person, with the same rules as the store and the page. */
export interface DocumentSummary {
  readonly kind: 'segment' | 'subsegment';
  readonly traceId: string;
  readonly name: string;
  readonly startMs: number;
  /** undefined while the segment is in progress. */
  readonly durationMs: number | undefined;
  readonly outcome: OutcomeName;
  readonly httpStatus: number | undefined;
  readonly subsegments: number;
}

/** Summarizes a document; undefined if X-Ray would refuse it. */
export function summarize(text: string): DocumentSummary | undefined {
  const document = readDocument(text);
  if (isRefusal(document)) return undefined;
  const [top] = document.tops;
  return {
    kind: top.isSubsegment ? 'subsegment' : 'segment',
    traceId: document.traceId,
    name: top.xrayName,
    startMs: top.start * 1000,
    durationMs: top.seconds === undefined ? undefined : top.seconds * 1000,
    outcome: outcomeName(top),
    httpStatus: top.httpStatus,
    subsegments: document.spans.length - 1,
  };
}
