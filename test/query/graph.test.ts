import { expect, test } from 'vitest';
import { awsJson } from '../../src/json/aws-json.ts';
import { Graph } from '../../src/query/graph.ts';
import { Statistics } from '../../src/query/statistics.ts';
import { TimeSeries } from '../../src/query/time-series.ts';
import type { Json } from '../../src/json/json.ts';
import { call, plain, segmentJson, START, sub, viewOf } from '../fakes/traces.ts';

interface Node {
  readonly ReferenceId: number;
  readonly Name: string;
  readonly Type: string | null;
  readonly State: string;
  readonly Root: boolean | null;
  readonly SummaryStatistics: Record<string, unknown> | null;
  readonly Edges: {
    ReferenceId: number;
    SummaryStatistics: Record<string, unknown>;
    Aliases: unknown[];
    EdgeType?: string;
    ReceivedEventAgeHistogram?: unknown[];
  }[];
}

const graphOf = (...documents: readonly Json[]): Node[] => {
  const graph = new Graph();
  graph.add(viewOf(...documents));
  return plain([...graph.services(false)]) as Node[];
};
const counts = (ok: number, error: number, throttle: number, fault: number, seconds: number): object => ({
  OkCount: ok,
  ErrorStatistics: { ThrottleCount: throttle, OtherCount: error, TotalCount: error + throttle },
  FaultStatistics: { OtherCount: fault, TotalCount: fault },
  TotalCount: ok + error + throttle + fault,
  TotalResponseTime: seconds,
});

test('a faulted trace with a failing call, as recorded from AWS', () => {
  const nodes = graphOf(
    segmentJson('root', { to: 7, fault: true, subsegments: [call('early-fault-remote', { to: 1.25, fault: true })] }),
  );
  expect(nodes.map(({ Name, Type, State, Root }) => [Name, Type, State, Root])).toEqual([
    ['early-fault-remote', 'remote', 'passive', null],
    ['root', null, 'active', true],
    ['root', 'client', 'unknown', null],
  ]);
  expect(nodes[0]!.SummaryStatistics).toEqual(counts(0, 0, 0, 1, 1.25));
  expect(nodes[1]!.SummaryStatistics).toEqual(counts(0, 0, 0, 1, 7));
  expect(nodes[1]!.Edges).toMatchObject([{ ReferenceId: 0, SummaryStatistics: counts(0, 0, 0, 1, 1.25), Aliases: [] }]);
  expect(nodes[2]!).toMatchObject({ SummaryStatistics: null, DurationHistogram: null, ResponseTimeHistogram: null });
  expect(nodes[2]!.Edges).toMatchObject([{ ReferenceId: 1, SummaryStatistics: counts(0, 0, 0, 1, 7) }]);
});

test('a node has the callee’s times, an edge the caller’s, and an alias has the name that the caller used', () => {
  const orders = call('orders.example', { to: 0.8 });
  const nodes = graphOf(
    segmentJson('web', { subsegments: [orders] }),
    segmentJson('orders', { parent_id: orders.id, to: 0.5 }),
  );
  expect(nodes.map(({ Name }) => Name)).toEqual(['orders', 'web', 'web']);
  expect(nodes[0]!.SummaryStatistics).toMatchObject({ TotalResponseTime: 0.5 });
  expect(nodes[1]!.Edges).toMatchObject([
    {
      ReferenceId: 0,
      SummaryStatistics: { TotalResponseTime: 0.8 },
      Aliases: [{ Name: 'orders.example', Names: ['orders.example'], Type: 'remote' }],
    },
  ]);
});

test('a graph of a time range has the seconds in which its traces began; the graph of one trace has the trace’s regions', () => {
  const orders = call('orders', { from: 2.5, to: 3 });
  const table = sub('DynamoDB', {
    namespace: 'aws',
    aws: { operation: 'GetItem', table_name: 't', region: 'us-west-2' },
  });
  const graph = new Graph();
  graph.add(viewOf(segmentJson('web', { from: 0.9, to: 90, subsegments: [orders, table] })));
  graph.add(viewOf(segmentJson('web', { from: 49.9, to: 50 })));
  expect(plain(graph.bounds())).toEqual({ StartTime: START, EndTime: START + 49 });
  const times = (at: number, last: number): object => ({ StartTime: START + at, EndTime: START + last + 1 });
  expect(plain([...graph.services(true)])).toMatchObject([
    { Name: 'orders', Region: null, ...times(0, 0) },
    { Name: 't', Region: null, ...times(0, 0) },
    { Name: 'web', Region: null, ...times(0, 49), Edges: [times(0, 0), times(0, 0)] },
    { Name: 'web', Type: 'client', ...times(0, 49), Edges: [times(0, 49)] },
  ]);
  expect(plain([...graph.services(false)])).toMatchObject([
    { Region: null },
    { Name: 't', Region: 'us-west-2' },
    { Region: null },
    { Region: null },
  ]);
});

test('each request counts as one of throttle, fault, error and ok', () => {
  const statistics = new Statistics();
  for (const flags of [
    {},
    { isError: true },
    { isError: true, isThrottle: true },
    { isFault: true },
    { isFault: true, isThrottle: true },
  ]) {
    statistics.add({ isFault: false, isError: false, isThrottle: false, ...flags }, 0.1);
  }
  expect(plain(statistics.members())).toEqual(counts(1, 1, 2, 1, 0.5));
});

test('a histogram has each duration in ms, or merges them if there are many', () => {
  const statistics = new Statistics();
  const OK = { isFault: false, isError: false, isThrottle: false };
  for (const seconds of [0.2, 0.1, 0.1]) statistics.add(OK, seconds);
  expect(plain(statistics.histogram())).toEqual([
    { Value: 0.2, Count: 1 },
    { Value: 0.1, Count: 2 },
  ]);
  for (let ms = 0; ms < 5_000; ms++) statistics.add(OK, ms / 1000);
  const merged = plain(statistics.histogram()) as { Value: number; Count: number }[];
  expect(merged.length).toBeLessThanOrEqual(101);
  expect(merged.reduce((sum, { Count }) => sum + Count, 0)).toBe(5_003);
});

test('a callee whose parent is its caller’s segment has an edge with its own times', () => {
  const web = segmentJson('web', { to: 3 });
  const nodes = graphOf(web, segmentJson('worker', { parent_id: web.id, to: 2 }));
  const caller = nodes.find(({ Name, Type }) => Name === 'web' && Type === null)!;
  expect(caller.Edges).toMatchObject([
    {
      ReferenceId: nodes.findIndex(({ Name }) => Name === 'worker'),
      SummaryStatistics: { TotalResponseTime: 2 },
      Aliases: [],
    },
  ]);
});

test('a link from another trace is an edge of a separate kind, with the age of the message', () => {
  const send = sub('SQS', { namespace: 'aws', from: 0, to: 0.5 });
  const sender = viewOf(segmentJson('producer', { subsegments: [send] }));
  const receiver = viewOf(segmentJson('consumer', { from: 3, to: 5, links: [{ trace_id: 'other', id: send.id }] }));
  const graph = new Graph();
  graph.add(sender);
  graph.add(receiver);
  for (const link of graph.links) graph.addLink(link, sender.trace);
  const nodes = plain([...graph.services(true)]) as Node[];
  const queue = nodes.find(({ Name, Type }) => Name === 'SQS' && Type === 'AWS::SQS')!;
  expect(queue.Edges.find(({ EdgeType }) => EdgeType === 'link')).toMatchObject({
    ReferenceId: nodes.findIndex(({ Name, Type }) => Name === 'consumer' && Type === null),
    ReceivedEventAgeHistogram: [{ Value: 2.5, Count: 1 }],
  });
});

// Source: the recording in github.com/radkawar/stackd, testdata/aws/xray/time_series_settled.json at 9dc356f, whose
// answers have 886 and 462 bytes.
test('writes a bucket of a time series as AWS does, with and without requests', () => {
  const answerOf = (series: TimeSeries): string =>
    `{"ContainsOldGroupVersions":false,"NextToken":null,"TimeSeriesServiceStatistics":${awsJson(series.members())}}`;
  const range = { start: 1_790_843_940, end: 1_790_845_140, periodSeconds: 60, kind: 'service' } as const;
  const [full, none] = [new TimeSeries(range), new TimeSeries(range)];
  const NO = { isFault: false, isError: false, isThrottle: false };
  full.add(1_790_844_551, NO, 1.25);
  full.add(1_790_844_551, { ...NO, isError: true }, 2.5);
  full.add(1_790_844_601, { ...NO, isThrottle: true }, 0.4);
  full.add(1_790_844_601, { ...NO, isFault: true }, 1);
  for (const at of [1_790_844_551, 1_790_844_601]) none.touch(at);
  expect(answerOf(full)).toHaveLength(886);
  expect(answerOf(none)).toHaveLength(462);
  expect(plain(none.members())).toMatchObject([
    { Timestamp: 1_790_844_660, ResponseTimeHistogram: null },
    { Timestamp: 1_790_844_600 },
  ]);
});

test('lists the buckets of a time series by the end of the time of receipt, newest first, without empty ones', () => {
  const series = new TimeSeries({ start: START, end: START + 600, periodSeconds: 60, kind: 'service' });
  const OK = { isFault: false, isError: false, isThrottle: false };
  series.add(START + 10, OK, 1);
  series.add(START + 310, OK, 2);
  series.touch(START + 200);
  series.add(START + 6_000, OK, 3);
  const rows = plain(series.members()) as {
    Timestamp: number;
    ServiceSummaryStatistics: { TotalResponseTime: number } | null;
  }[];
  expect(
    rows.map(({ Timestamp, ServiceSummaryStatistics }) => [
      Timestamp % 60,
      ServiceSummaryStatistics?.TotalResponseTime,
    ]),
  ).toEqual([
    [0, 2],
    [0, undefined],
    [0, 1],
  ]);
  expect(rows[0]!.Timestamp).toBeGreaterThan(rows[1]!.Timestamp);
});

test('counts durations beyond the first 2,000 distinct ones with three digits, and loses none', () => {
  const statistics = new Statistics();
  for (let i = 0; i < 50_000; i++) statistics.add({ isFault: false, isError: false, isThrottle: false }, 1_000 + i);
  expect(statistics.distinct).toBeLessThan(4_000);
  const histogram = plain(statistics.histogram()) as { Count: number }[];
  expect(histogram.reduce((sum, { Count }) => sum + Count, 0)).toBe(50_000);
});
