import * as Type from './type.ts';
import { FilterError } from '../filter/parse.ts';
import { parseSelector, type EntitySelector } from '../filter/selector.ts';
import type { TimeRangeType } from '../query/source.ts';
import type { Store } from '../threads/store.ts';
import { TRACE_ID } from '../formats/xray/validate.ts';
import { invalid } from './api-error.ts';
import { PUT_TRACE_SEGMENTS } from './documents-body.ts';
import { cursorAt, invalidToken, traceCursorOf } from './cursor.ts';
import type { Groups } from './groups.ts';
import {
  checkOrder,
  checkTraceIds,
  GroupReference,
  integer,
  NextToken,
  oneOf,
  TimeRange,
  Timestamp,
  TraceId,
} from './members.ts';
import { reads, takesDocuments, type Operations } from './operation.ts';

export interface TracesDeps {
  readonly store: Pick<Store, 'read'>;
  readonly groups: Groups;
}

/** AWS does not document its page size. */
const PAGE_SUMMARIES = 100;
const MAX_TRACE_IDS = 5;
const SIX_HOURS = 6 * 3_600;
const NO_TOKEN = 'NextToken is currently not supported';

/** compat: fractions are accepted, and truncated. Source: recorded answers of X-Ray. */
const Count = Type.Optional(Type.Number({ minimum: -1e15, maximum: 1e15 }));

const TelemetryRecord = Type.Object({
  Timestamp,
  BackendConnectionErrors: Type.Optional(
    Type.Object({
      TimeoutCount: Count,
      ConnectionRefusedCount: Count,
      HTTPCode4XXCount: Count,
      HTTPCode5XXCount: Count,
      UnknownHostCount: Count,
      OtherCount: Count,
    }),
  ),
  SegmentsReceivedCount: Count,
  SegmentsSentCount: Count,
  SegmentsSpilloverCount: Count,
  SegmentsRejectedCount: Count,
});
const PutTelemetryRecords = Type.Object({
  TelemetryRecords: Type.Array(TelemetryRecord),
  EC2InstanceId: Type.Optional(Type.String({ maxLength: 20 })),
  Hostname: Type.Optional(Type.String({ maxLength: 255 })),
  ResourceARN: Type.Optional(Type.String({ maxLength: 500 })),
});
const Summaries = Type.Object({
  ...TimeRange,
  TimeRangeType: Type.Optional(oneOf('TraceId', 'Event', 'Service')),
  Sampling: Type.Optional(Type.Boolean()),
  SamplingStrategy: Type.Optional(
    Type.Object({ Name: Type.Optional(oneOf('PartialScan', 'FixedRate')), Value: Type.Optional(Type.Number()) }),
  ),
  FilterExpression: Type.Optional(Type.String({ minLength: 1 })),
  NextToken,
});
const TracesById = Type.Object({ TraceIds: Type.Array(TraceId), NextToken });
const GroupAndTimes = { ...TimeRange, ...GroupReference, GroupName: Type.Optional(Type.String({ maxLength: 32 })) };
const ServiceGraph = Type.Object({ ...GroupAndTimes, NextToken });
const TimeSeries = Type.Object({
  ...GroupAndTimes,
  EntitySelectorExpression: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  Period: Type.Optional(integer()),
  ForecastStatistics: Type.Optional(Type.Boolean()),
  NextToken,
});

/** Operations that write and read traces. */
export function traceOperations(deps: TracesDeps) {
  return {
    PutTraceSegments: takesDocuments(PUT_TRACE_SEGMENTS),
    PutTelemetryRecords: reads(PutTelemetryRecords, async ({ TelemetryRecords: records }) => {
      if (records.length === 0) throw invalid('Telemetry records cannot be empty');
      return {};
    }),
    GetTraceSummaries: reads(Summaries, async (body) => traceSummaries(deps, body)),
    BatchGetTraces: reads(TracesById, async (body) => traces(deps, body)),
    GetTraceGraph: reads(TracesById, async (body) => traceGraph(deps, body)),
    GetServiceGraph: reads(ServiceGraph, async (body) => serviceGraph(deps, body)),
    GetTimeSeriesServiceStatistics: reads(TimeSeries, async (body) => timeSeries(deps, body)),
  } satisfies Partial<Operations>;
}

async function traceSummaries({ store, groups }: TracesDeps, body: Type.Static<typeof Summaries>): Promise<string> {
  const { StartTime: start, EndTime: end, TimeRangeType: type = 'TraceId', FilterExpression, NextToken: token } = body;
  checkOrder(body);
  // Without the times: a place in the order is valid for every range.
  const question = [FilterExpression, type];
  const after = token === undefined ? undefined : traceCursorOf(token, question);
  if (token !== undefined && after === undefined) throw invalidToken(token);
  const args = {
    range: { type, start, end },
    filter: FilterExpression === undefined ? undefined : groups.parse(FilterExpression),
    rate: rateOf(body, type),
    after,
    limit: PAGE_SUMMARIES,
  };
  const { json, next } = await store.read('summaries', args);
  return `{"NextToken":${next === undefined ? 'null' : JSON.stringify(cursorAt([next.row, next.time], question))},${json.slice(1)}`;
}

/**
 * SamplingStrategy applies only together with Sampling; a partial scan is complete here. Source: recorded answers of
 * X-Ray.
 */
function rateOf({ Sampling, SamplingStrategy: strategy }: Type.Static<typeof Summaries>, type: TimeRangeType): number {
  if (Sampling !== true || strategy?.Name !== 'FixedRate') return 1;
  if (type !== 'Event') {
    throw invalid(`Cannot use FixedRate with input time range type: ${type}. Please try using time range type: Event`);
  }
  const { Value: rate } = strategy;
  if (rate === undefined || rate < 0 || rate > 1)
    throw invalid('sampling rate must be specified and its value must be between [0, 1]');
  return rate;
}

async function traces(
  { store }: TracesDeps,
  { TraceIds: ids, NextToken: token }: Type.Static<typeof TracesById>,
): Promise<string> {
  if (token !== undefined) throw invalid(NO_TOKEN);
  if (ids.length > MAX_TRACE_IDS) throw invalid(`Exceeding maximum query size: ${MAX_TRACE_IDS}`);
  checkTraceIds(ids);
  if (new Set(ids).size < ids.length) throw invalid('Containing duplicate trace ids');
  const { json, left } = await store.read('traces', { ids });
  return `{"NextToken":null,"Traces":${json},"UnprocessedTraceIds":${JSON.stringify(left)}}`;
}

async function traceGraph(
  { store }: TracesDeps,
  { TraceIds: [id, ...others], NextToken: token }: Type.Static<typeof TracesById>,
): Promise<string> {
  if (token !== undefined) throw invalid(NO_TOKEN);
  if (id === undefined) throw invalid('Zero trace ids provided');
  if (others.length > 0) throw invalid('Currently only one trace Id is supported');
  if (!TRACE_ID.test(id)) throw invalid('Invalid traceId. ErrorCode: InvalidId');
  const services = await store.read('traceGraph', { id });
  if (services === undefined) throw invalid('Trace id not found');
  return `{"NextToken":null,"Services":${services}}`;
}

async function serviceGraph({ store, groups }: TracesDeps, body: Type.Static<typeof ServiceGraph>): Promise<string> {
  const { StartTime: start, EndTime: end, NextToken: token } = body;
  if (token !== undefined) throw invalid(NO_TOKEN);
  checkOrder(body);
  if (end - start > SIX_HOURS) throw invalid('Time range cannot be longer than 6 hours');
  const { filter: expression, editedAt } = groups.filterOf(body);
  const json = await store.read('serviceGraph', { range: { type: 'Event', start, end }, filter: expression });
  return `{"ContainsOldGroupVersions":${wasEdited(editedAt, start, end)},"NextToken":null,${json.slice(1)}`;
}

async function timeSeries({ store, groups }: TracesDeps, body: Type.Static<typeof TimeSeries>): Promise<string> {
  const {
    StartTime: start,
    EndTime: end,
    Period: period = 60,
    EntitySelectorExpression: selector,
    NextToken: token,
  } = body;
  if (token !== undefined) throw invalidToken(token);
  checkOrder(body);
  if (period !== 60 && period !== 300) throw invalid('Time period must be one of [60, 300]');
  const { filter: expression, editedAt } = groups.filterOf(body);
  const request = { start, end, periodSeconds: period, filter: expression, selector: selectorOf(selector) } as const;
  const json = await store.read('timeSeries', request);
  return `{"ContainsOldGroupVersions":${wasEdited(editedAt, start, end)},"NextToken":null,"TimeSeriesServiceStatistics":${json}}`;
}

function selectorOf(text: string | undefined): EntitySelector {
  if (text === undefined) return { kind: 'entry' };
  try {
    const selector = parseSelector(text);
    if (selector !== undefined) return selector;
  } catch (error) {
    throw error instanceof FilterError ? invalid(error.message) : error;
  }
  throw invalid('EntitySelectorExpression must be one service(…) or edge(…)');
}

/** `editedAt` is 0 for a group that was never edited. */
function wasEdited(editedAt: number, start: number, end: number): boolean {
  return editedAt > 0 && editedAt >= start && editedAt < end;
}
