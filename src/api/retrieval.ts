import { randomUUID } from 'node:crypto';
import * as Type from './type.ts';
import { double } from '../json/aws-json.ts';
import { arrayOf, numberOf, objectOf } from '../json/json.ts';
import type { Store } from '../threads/store.ts';
import { invalid, notFound } from './api-error.ts';
import { cursorAt, offsetOf } from './cursor.ts';
import { checkOrder, checkTraceIds, NextToken, oneOf, TimeRange, TraceId } from './members.ts';
import { reads, type Operations } from './operation.ts';

interface Retrieval {
  readonly ids: readonly string[];
  /** In seconds of the monotonic clock. */
  readonly expiresAt: number;
  isCancelled: boolean;
}

/** Lifetime of a token, and traces per page. Source: X-Ray's model. */
const LIFE_SECONDS = 3_600;
const PAGE_TRACES = 5;
const MAX_RETRIEVALS = 1_000;

const RetrievalToken = Type.String({ maxLength: 1_020 });

/** Transaction Search's way to read traces. All traces are in the store already, so a retrieval is complete at once. */
export function retrievalOperations(store: Pick<Store, 'read'>, steadyNow: () => number) {
  const retrievals = new Map<string, Retrieval>();
  const find = (token: string): Retrieval => {
    const retrieval = retrievals.get(token);
    if (retrieval === undefined || retrieval.expiresAt <= steadyNow()) throw notFound(token);
    return retrieval;
  };
  const statusOf = ({ isCancelled }: Retrieval): string => (isCancelled ? 'CANCELLED' : 'COMPLETE');
  return {
    StartTraceRetrieval: reads(
      Type.Object({ TraceIds: Type.Array(TraceId, { maxItems: 100 }), ...TimeRange }),
      async ({ TraceIds: ids, StartTime, EndTime }) => {
        if (ids.length === 0) throw invalid('Zero trace ids provided');
        checkOrder({ StartTime, EndTime });
        checkTraceIds(ids);
        const [oldest] = retrievals.keys();
        if (oldest !== undefined && retrievals.size >= MAX_RETRIEVALS) retrievals.delete(oldest);
        const id = randomUUID();
        retrievals.set(id, { ids, expiresAt: steadyNow() + LIFE_SECONDS, isCancelled: false });
        return { RetrievalToken: id };
      },
    ),
    ListRetrievedTraces: reads(
      Type.Object({ RetrievalToken, TraceFormat: Type.Optional(oneOf('XRAY', 'OTEL')), NextToken }),
      async ({ RetrievalToken: token, TraceFormat = 'XRAY', NextToken: nextToken }) => {
        const retrieval = find(token);
        if (TraceFormat === 'OTEL') throw invalid('The local X-Ray gives traces in the format XRAY only');
        const question = ['traces', token];
        const from = offsetOf(nextToken, question);
        const ids = retrieval.isCancelled ? [] : retrieval.ids.slice(from, from + PAGE_TRACES);
        const { json, left } = await store.read('traces', { ids });
        const found = arrayOf(JSON.parse(json)).map(objectOf);
        const next = from + PAGE_TRACES - left.length;
        return {
          RetrievalStatus: statusOf(retrieval),
          TraceFormat,
          Traces: found.map(({ Id, Duration, Segments }) => ({
            Id,
            Duration: double(numberOf(Duration) ?? null),
            Spans: Segments,
          })),
          NextToken: next < retrieval.ids.length && !retrieval.isCancelled ? cursorAt([next], question) : null,
        };
      },
    ),
    GetRetrievedTracesGraph: reads(
      Type.Object({ RetrievalToken, NextToken }),
      async ({ RetrievalToken: token, NextToken: nextToken }) => {
        const retrieval = find(token);
        // One trace per page: the nodes of a graph refer to each other by number.
        const question = ['graph', token];
        const at = offsetOf(nextToken, question);
        const id = retrieval.isCancelled ? undefined : retrieval.ids[at];
        const json = id === undefined ? undefined : await store.read('traceGraph', { id });
        const services = arrayOf(JSON.parse(json ?? '[]', asDoubles));
        return {
          RetrievalStatus: statusOf(retrieval),
          Services: services.map((Service) => ({ Service, Links: [] })),
          NextToken: at + 1 < retrieval.ids.length && !retrieval.isCancelled ? cursorAt([at + 1], question) : null,
        };
      },
    ),
    CancelTraceRetrieval: reads(Type.Object({ RetrievalToken }), async ({ RetrievalToken: token }) => {
      find(token).isCancelled = true;
      return {};
    }),
  } satisfies Partial<Operations>;
}

/** compat: what AWS's model calls a double is written as one, in graphs of both kinds. */
const DOUBLES: ReadonlySet<string> = new Set(['Value', 'TotalResponseTime', 'StartTime', 'EndTime']);

function asDoubles(key: string, value: unknown): unknown {
  return typeof value === 'number' && DOUBLES.has(key) ? double(value) : value;
}
