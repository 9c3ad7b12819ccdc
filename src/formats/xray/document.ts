import { Entity, outcomeName, type OutcomeName } from '../../trace/entity.ts';
import { arrayOf, isObject, type Json } from '../../json/json.ts';
import { isRefusal, readDocument } from '../../trace/validate.ts';

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
  const entity = new Entity(document.json, document.isSubsegment);
  return {
    kind: entity.isSubsegment ? 'subsegment' : 'segment',
    traceId: document.traceId,
    name: entity.name,
    startMs: entity.start * 1000,
    durationMs: entity.seconds === undefined ? undefined : entity.seconds * 1000,
    outcome: outcomeName(entity),
    httpStatus: entity.httpStatus,
    subsegments: countSubsegments(document.json),
  };
}

function countSubsegments(document: Json): number {
  let count = 0;
  const open = [document];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = arrayOf(next['subsegments']).filter(isObject);
    count += children.length;
    open.push(...children);
  }
  return count;
}
