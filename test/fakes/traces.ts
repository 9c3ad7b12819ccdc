import { documentOf } from '../../src/formats/read.ts';
import { assemble } from '../../src/trace/assemble.ts';
import { TraceView } from '../../src/trace/trace-view.ts';
import type { Json } from '../../src/json/json.ts';
import { nextId } from './ids.ts';

export type { Json };

export const TRACE_ID = '1-6ab3b3f3-bb7d9ea64dfa9798043e81d2';
/** The start of the tests' traces, in seconds since the epoch. */
export const START = 1_790_161_967;

export interface Part {
  readonly [member: string]: unknown;
  /** Seconds after START. */
  readonly from?: number;
  readonly to?: number;
  readonly subsegments?: readonly Part[];
}

/** A segment of one second, or `from`–`to`, with the given members. */
export function segmentJson(
  name: string,
  { from = 0, to = from + 1, subsegments, ...members }: Part = {},
): Json & { id: string } {
  const times = members['in_progress'] === true ? {} : { end_time: START + to };
  return {
    id: nextId(),
    trace_id: TRACE_ID,
    name,
    start_time: START + from,
    ...times,
    ...members,
    ...(subsegments === undefined ? {} : { subsegments }),
  };
}

/** A subsegment inside a segment. */
export function sub(name: string, part: Part = {}): Part & { id: string } {
  const { trace_id: _, ...json } = segmentJson(name, part);
  return json;
}

/** A subsegment that is sent separately. */
export function streamed(name: string, parentId: string, part: Part = {}): Json & { id: string } {
  return segmentJson(name, { type: 'subsegment', parent_id: parentId, ...part });
}

/** A call to another service, in a subsegment. */
export function call(name: string, part: Part = {}): Part & { id: string } {
  return sub(name, { namespace: 'remote', ...part });
}

export function viewOf(...documents: readonly Json[]): TraceView {
  const bytes = documents.reduce((sum, document) => sum + JSON.stringify(document).length, 0);
  return new TraceView(
    assemble(
      { id: TRACE_ID, revision: 1, receivedAt: START + 10, bytes, isSampled: true },
      documents.map((json, arrival) => documentOf('xray', json, arrival)),
    ),
  );
}

/** An answer, as a client parses it. */
export function plain(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer));
}
