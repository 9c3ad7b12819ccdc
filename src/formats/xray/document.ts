import { outcomeName, type OutcomeName } from '../../trace/outcome.ts';
import type { TraceDocument } from '../../trace/model.ts';
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

/** Summarizes a segment document; undefined if X-Ray would refuse it. */
export function summarize(text: string): DocumentSummary | undefined {
  const document = readDocument(text);
  return isRefusal(document) ? undefined : summaryOfDocument(document);
}

/** Summarizes a document of any format by its segment; if it has none, by its first span. */
export function summaryOfDocument(document: TraceDocument): DocumentSummary | undefined {
  const { tops } = document;
  const top = tops.find(({ isSubsegment }) => !isSubsegment) ?? tops[0];
  if (top === undefined) return undefined;
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
