import { randomUUID } from 'node:crypto';
import { double } from '../json/aws-json.ts';
import type { Store } from '../threads/store.ts';
import { TRACE_ID } from '../formats/xray/validate.ts';
import { invalid, notFound } from './api-error.ts';
import type { Operation } from './operation.ts';
import { list, oneOf, request, text, timestamp, token } from './schemas.ts';
import { offsetOf, tokenAt } from './validation.ts';

interface Retrieval {
  readonly ids: readonly string[];
  /** In seconds of the monotonic clock. */
  readonly expiresAt: number;
  isCancelled: boolean;
}

/** A token's life, and traces in a page. Source: X-Ray's model. */
const LIFE_SECONDS = 3_600;
const PAGE_TRACES = 5;
const MAX_RETRIEVALS = 1_000;

/** Transaction Search's way to traces. Here they are in the store already, so a retrieval is complete at once. */
export function retrievalOperations(store: Pick<Store, 'read'>, steadyNow: () => number): Operation[] {
  const retrievals = new Map<string, Retrieval>();
  const find = (retrievalToken: unknown): Retrieval => {
    const retrieval = retrievals.get(retrievalToken as string);
    if (retrieval === undefined || retrieval.expiresAt <= steadyNow()) throw notFound(retrievalToken as string);
    return retrieval;
  };
  const statusOf = ({ isCancelled }: Retrieval): string => (isCancelled ? 'CANCELLED' : 'COMPLETE');
  const retrievalToken = text(0, 1_020);
  return [
    {
      name: 'StartTraceRetrieval',
      schema: request({ TraceIds: list(text(1, 35), 0, 100), StartTime: timestamp, EndTime: timestamp }, 'TraceIds', 'StartTime', 'EndTime'),
      handle: async ({ TraceIds, StartTime, EndTime }) => {
        const ids = TraceIds as string[];
        if (ids.length === 0) throw invalid('Zero trace ids provided');
        if ((EndTime as number) < (StartTime as number)) throw invalid('End time cannot be earlier than start time');
        const bad = ids.find((id) => !TRACE_ID.test(id));
        if (bad !== undefined) throw invalid(`Invalid trace id ${bad}: incorrect id format`);
        if (retrievals.size >= MAX_RETRIEVALS) retrievals.delete(retrievals.keys().next().value!);
        const id = randomUUID();
        retrievals.set(id, { ids, expiresAt: steadyNow() + LIFE_SECONDS, isCancelled: false });
        return { RetrievalToken: id };
      },
    },
    {
      name: 'ListRetrievedTraces',
      schema: request({ RetrievalToken: retrievalToken, TraceFormat: oneOf('XRAY', 'OTEL'), NextToken: token }, 'RetrievalToken'),
      handle: async ({ RetrievalToken, TraceFormat = 'XRAY', NextToken }) => {
        const retrieval = find(RetrievalToken);
        if (TraceFormat === 'OTEL') throw invalid('The local X-Ray gives traces in the format XRAY only');
        const question = ['traces', RetrievalToken];
        const from = offsetOf(NextToken as string | undefined, question);
        const ids = retrieval.isCancelled ? [] : retrieval.ids.slice(from, from + PAGE_TRACES);
        const { json, left } = await store.read('traces', { ids });
        const found = JSON.parse(json) as FoundTrace[];
        const next = from + PAGE_TRACES - left.length;
        return {
          RetrievalStatus: statusOf(retrieval),
          TraceFormat,
          Traces: found.map(({ Id, Duration, Segments }) => ({ Id, Duration: double(Duration), Spans: Segments })),
          NextToken: next < retrieval.ids.length && !retrieval.isCancelled ? tokenAt(next, question) : null,
        };
      },
    },
    {
      name: 'GetRetrievedTracesGraph',
      schema: request({ RetrievalToken: retrievalToken, NextToken: token }, 'RetrievalToken'),
      handle: async ({ RetrievalToken, NextToken }) => {
        const retrieval = find(RetrievalToken);
        // One trace a page: the nodes of a graph refer to each other by their numbers.
        const question = ['graph', RetrievalToken];
        const at = offsetOf(NextToken as string | undefined, question);
        const id = retrieval.isCancelled ? undefined : retrieval.ids[at];
        const json = id === undefined ? undefined : await store.read('traceGraph', { id });
        const services = JSON.parse(json ?? '[]', asDoubles) as object[];
        return {
          RetrievalStatus: statusOf(retrieval),
          Services: services.map((Service) => ({ Service, Links: [] })),
          NextToken: at + 1 < retrieval.ids.length && !retrieval.isCancelled ? tokenAt(at + 1, question) : null,
        };
      },
    },
    {
      name: 'CancelTraceRetrieval',
      schema: request({ RetrievalToken: retrievalToken }, 'RetrievalToken'),
      handle: async ({ RetrievalToken }) => {
        find(RetrievalToken).isCancelled = true;
        return {};
      },
    },
  ];
}

/** compat: what AWS's model calls a double is written as one, in graphs of both kinds. */
const DOUBLES: ReadonlySet<string> = new Set(['Value', 'TotalResponseTime', 'StartTime', 'EndTime']);

function asDoubles(key: string, value: unknown): unknown {
  return typeof value === 'number' && DOUBLES.has(key) ? double(value) : value;
}

interface FoundTrace {
  readonly Id: string;
  readonly Duration: number | null;
  readonly Segments: readonly object[];
}
