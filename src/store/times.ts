import { isObject, numberOf } from '../json/json.ts';
import type { SegmentDocument } from '../trace/validate.ts';

/** Start and end of a trace, in seconds: the start of the first segment, or of the first subsegment if there is no segment. */
export function timesOf(
  documents: readonly SegmentDocument[],
  hadSegment: boolean,
  knownStart: number,
): { start: number; end: number; hasSegment: boolean } {
  let hasSegment = hadSegment;
  let start = knownStart;
  let end = 0;
  for (const document of documents) {
    end = Math.max(end, lastEndOf(document));
    const own = numberOf(document.json['start_time']) ?? 0;
    if (!document.isSubsegment && !hasSegment) start = Infinity;
    if (own > 0 && (!document.isSubsegment || !hasSegment)) start = Math.min(start, own);
    hasSegment ||= !document.isSubsegment;
  }
  return { start: start === Infinity ? 0 : start, end, hasSegment };
}

/** The latest end in a document, in seconds, including nested subsegments. */
function lastEndOf({ json }: SegmentDocument): number {
  let last = numberOf(json['end_time']) ?? 0;
  const open: unknown[] = [json['subsegments']];
  for (let list = open.pop(); list !== undefined; list = open.pop()) {
    if (!Array.isArray(list)) continue;
    for (const child of list as unknown[]) {
      if (!isObject(child)) continue;
      last = Math.max(last, numberOf(child['end_time']) ?? 0);
      if (child['subsegments'] !== undefined) open.push(child['subsegments']);
    }
  }
  return last;
}
