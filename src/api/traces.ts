import type { DecodedDocuments } from '../formats/xray/put-body.ts';
import { FilterError } from '../filter/parse.ts';
import { parseSelector, type EntitySelector } from '../filter/selector.ts';
import type { Cursor, TimeRangeType } from '../query/source.ts';
import type { Store } from '../threads/store.ts';
import { TRACE_ID } from '../formats/xray/validate.ts';
import type { Refusal } from '../trace/model.ts';
import { emptyRefusals, invalid, unprocessed } from './api-error.ts';
import { PUT_TRACE_SEGMENTS } from './documents-body.ts';
import type { Groups, GroupRef } from './groups.ts';
import type { Body, Operation } from './operation.ts';
import {
  boolean,
  filter,
  groupArn,
  groupName,
  integer,
  list,
  number,
  oneOf,
  request,
  text,
  timestamp,
  token,
  traceIds,
  type JsonSchema,
} from './schemas.ts';
import { fingerprint } from './validation.ts';

export interface TracesDeps {
  readonly store: Pick<Store, 'read'>;
  readonly groups: Groups;
  /** Stores documents; resolves with those that X-Ray would refuse. */
  readonly put: (documents: readonly Uint8Array[]) => Promise<readonly Refusal[]>;
}

/** AWS does not say how large its pages are. */
const PAGE_SUMMARIES = 100;
const MAX_TRACE_IDS = 5;
const SIX_HOURS = 6 * 3_600;
const NO_TOKEN = 'NextToken is currently not supported';

/** Operations on traces: in, and out again. */
export function traceOperations(deps: TracesDeps): Operation[] {
  const times = { StartTime: timestamp, EndTime: timestamp };
  const group = { GroupName: { ...groupName, minLength: 0 }, GroupARN: groupArn };
  return [
    {
      name: 'PutTraceSegments',
      schema: PUT_TRACE_SEGMENTS.body,
      put: (documents) => putTraceSegments(deps, documents),
    },
    {
      name: 'PutTelemetryRecords',
      schema: request(
        {
          TelemetryRecords: list(
            request(
              { Timestamp: timestamp, BackendConnectionErrors: request(countsOf(CONNECTION_ERRORS)), ...countsOf(SEGMENT_COUNTS) },
              'Timestamp',
            ),
          ),
          EC2InstanceId: text(0, 20),
          Hostname: text(0, 255),
          ResourceARN: text(0, 500),
        },
        'TelemetryRecords',
      ),
      handle: async ({ TelemetryRecords }) => {
        if ((TelemetryRecords as unknown[]).length === 0) throw invalid('Telemetry records cannot be empty');
        return {};
      },
    },
    {
      name: 'GetTraceSummaries',
      schema: request(
        {
          ...times,
          TimeRangeType: oneOf('TraceId', 'Event', 'Service'),
          Sampling: boolean,
          SamplingStrategy: request({ Name: oneOf('PartialScan', 'FixedRate'), Value: { type: 'number' } }),
          FilterExpression: filter,
          NextToken: token,
        },
        'StartTime',
        'EndTime',
      ),
      handle: async (body) => traceSummaries(deps, body as unknown as SummariesBody),
    },
    { name: 'BatchGetTraces', schema: request({ TraceIds: traceIds, NextToken: token }, 'TraceIds'), handle: async (body) => traces(deps, body) },
    { name: 'GetTraceGraph', schema: request({ TraceIds: traceIds, NextToken: token }, 'TraceIds'), handle: async (body) => traceGraph(deps, body) },
    {
      name: 'GetServiceGraph',
      schema: request({ ...times, ...group, NextToken: token }, 'StartTime', 'EndTime'),
      handle: async (body) => serviceGraph(deps, body as unknown as RangeBody),
    },
    {
      name: 'GetTimeSeriesServiceStatistics',
      schema: request(
        { ...times, ...group, EntitySelectorExpression: text(1, 500), Period: integer(), ForecastStatistics: boolean, NextToken: token },
        'StartTime',
        'EndTime',
      ),
      handle: async (body) => timeSeries(deps, body as unknown as SeriesBody),
    },
  ];
}

const SEGMENT_COUNTS = ['SegmentsReceivedCount', 'SegmentsSentCount', 'SegmentsSpilloverCount', 'SegmentsRejectedCount'];
const CONNECTION_ERRORS = ['TimeoutCount', 'ConnectionRefusedCount', 'HTTPCode4XXCount', 'HTTPCode5XXCount', 'UnknownHostCount', 'OtherCount'];

/** compat: fractions are taken, and cut. Source: recorded answers of X-Ray. */
function countsOf(names: readonly string[]): Record<string, JsonSchema> {
  return Object.fromEntries(names.map((name) => [name, number(-1e15, 1e15)]));
}

interface RangeBody extends GroupRef {
  readonly StartTime: number;
  readonly EndTime: number;
  readonly NextToken?: string;
}

interface SummariesBody extends RangeBody {
  readonly TimeRangeType?: TimeRangeType;
  readonly Sampling?: boolean;
  readonly SamplingStrategy?: { readonly Name?: string; readonly Value?: number };
  readonly FilterExpression?: string;
}

interface SeriesBody extends RangeBody {
  readonly EntitySelectorExpression?: string;
  readonly Period?: number;
}

async function putTraceSegments({ put }: TracesDeps, { documents, empty }: DecodedDocuments): Promise<object> {
  if (documents.length + empty === 0) throw invalid('Segments can not be empty');
  return { UnprocessedTraceSegments: unprocessed([...emptyRefusals(empty), ...(await put(documents))]) };
}

async function traceSummaries({ store, groups }: TracesDeps, body: SummariesBody): Promise<string> {
  const { StartTime: start, EndTime: end, TimeRangeType: type = 'TraceId', FilterExpression, NextToken } = body;
  checkOrder(body);
  // Not the times: a cursor is a place in the order, which is right in any range.
  const question = [FilterExpression, type];
  const args = {
    range: { type, start, end },
    filter: FilterExpression === undefined ? undefined : groups.parse(FilterExpression),
    rate: rateOf(body, type),
    after: NextToken === undefined ? undefined : cursorOf(NextToken, question),
    limit: PAGE_SUMMARIES,
  };
  const { json, next } = await store.read('summaries', args);
  return `{"NextToken":${next === undefined ? 'null' : JSON.stringify(tokenOf(next, question))},${json.slice(1)}`;
}

/** SamplingStrategy counts only beside Sampling; a partial scan is the whole here. Source: recorded answers of X-Ray. */
function rateOf({ Sampling, SamplingStrategy: strategy }: SummariesBody, type: TimeRangeType): number {
  if (Sampling !== true || strategy?.Name !== 'FixedRate') return 1;
  if (type !== 'Event') {
    throw invalid(`Cannot use FixedRate with input time range type: ${type}. Please try using time range type: Event`);
  }
  const { Value: rate } = strategy;
  if (rate === undefined || rate < 0 || rate > 1) throw invalid('sampling rate must be specified and its value must be between [0, 1]');
  return rate;
}

async function traces({ store }: TracesDeps, { TraceIds, NextToken }: Body): Promise<string> {
  const ids = TraceIds as string[];
  if (NextToken !== undefined) throw invalid(NO_TOKEN);
  if (ids.length > MAX_TRACE_IDS) throw invalid(`Exceeding maximum query size: ${MAX_TRACE_IDS}`);
  const bad = ids.find((id) => !TRACE_ID.test(id));
  if (bad !== undefined) throw invalid(`Invalid trace id ${bad}: incorrect id format`);
  if (new Set(ids).size < ids.length) throw invalid('Containing duplicate trace ids');
  const { json, left } = await store.read('traces', { ids });
  return `{"NextToken":null,"Traces":${json},"UnprocessedTraceIds":${JSON.stringify(left)}}`;
}

async function traceGraph({ store }: TracesDeps, { TraceIds, NextToken }: Body): Promise<string> {
  const [id, ...others] = TraceIds as string[];
  if (NextToken !== undefined) throw invalid(NO_TOKEN);
  if (id === undefined) throw invalid('Zero trace ids provided');
  if (others.length > 0) throw invalid('Currently only one trace Id is supported');
  if (!TRACE_ID.test(id)) throw invalid('Invalid traceId. ErrorCode: InvalidId');
  const services = await store.read('traceGraph', { id });
  if (services === undefined) throw invalid('Trace id not found');
  return `{"NextToken":null,"Services":${services}}`;
}

async function serviceGraph({ store, groups }: TracesDeps, body: RangeBody): Promise<string> {
  const { StartTime: start, EndTime: end, NextToken } = body;
  if (NextToken !== undefined) throw invalid(NO_TOKEN);
  checkOrder(body);
  if (end - start > SIX_HOURS) throw invalid('Time range cannot be longer than 6 hours');
  const { filter: expression, editedAt } = groups.filterOf(body);
  const json = await store.read('serviceGraph', { range: { type: 'Event', start, end }, filter: expression });
  return `{"ContainsOldGroupVersions":${wasEdited(editedAt, start, end)},"NextToken":null,${json.slice(1)}`;
}

async function timeSeries({ store, groups }: TracesDeps, body: SeriesBody): Promise<string> {
  const { StartTime: start, EndTime: end, Period: period = 60, EntitySelectorExpression: selector, NextToken } = body;
  if (NextToken !== undefined) throw invalid(`Invalid token ${NextToken}`);
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

/** `editedAt` is 0 for a group that never was. */
function wasEdited(editedAt: number, start: number, end: number): boolean {
  return editedAt > 0 && editedAt >= start && editedAt < end;
}

function checkOrder({ StartTime, EndTime }: RangeBody): void {
  if (EndTime < StartTime) throw invalid('End time cannot be earlier than start time');
}

function tokenOf({ row, time }: Cursor, question: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([row, time, fingerprint(question)])).toString('base64url');
}

/** With the token of another question a page would leave out what was never shown. */
function cursorOf(text: string, question: readonly unknown[]): Cursor {
  try {
    const [row, time] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    const cursor = { row: row as number, time: time as number };
    if (Number.isSafeInteger(row) && typeof time === 'number' && tokenOf(cursor, question) === text) return cursor;
  } catch {
    // Said below.
  }
  throw invalid(`Invalid token ${text}`);
}
