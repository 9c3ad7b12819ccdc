import * as xray from '@aws-sdk/client-xray';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../fakes/eventually.ts';
import { segmentJson, sub } from '../../fakes/traces.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';

// Every operation of X-Ray, called as its SDK calls it: what the SDK's parser misreads fails here.
let local: LocalXRay;
let client: xray.XRayClient;
let range: LocalXRay['range'];
beforeAll(async () => {
  local = await LocalXRay.start();
  ({ client, range } = local);
});
afterAll(() => local.stop());

test('PutTraceSegments names a bad document, and stores the others', async () => {
  const good = segmentJson('good', { trace_id: local.nextTraceId() });
  const answer = await client.send(
    new xray.PutTraceSegmentsCommand({
      TraceSegmentDocuments: ['{"id":', JSON.stringify({ ...good, id: 'x' }), JSON.stringify(good)],
    }),
  );
  expect(answer.UnprocessedTraceSegments).toEqual([
    { Id: undefined, ErrorCode: 'ParseError', Message: 'Invalid segment. ErrorCode: ParseError' },
    { Id: 'x', ErrorCode: 'InvalidId', Message: 'Invalid segment. ErrorCode: InvalidId' },
  ]);
  const read = await client.send(new xray.BatchGetTracesCommand({ TraceIds: [good['trace_id'] as string] }));
  expect(read.Traces).toHaveLength(1);
  expect(await local.errorOf(new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: [] }))).toEqual([
    'InvalidRequestException',
    'Segments can not be empty',
  ]);
});

test('PutTelemetryRecords', async () => {
  const record = { Timestamp: new Date(), SegmentsReceivedCount: 1 };
  await client.send(
    new xray.PutTelemetryRecordsCommand({ TelemetryRecords: Array.from({ length: 30 }, () => record) }),
  );
  expect(await local.errorOf(new xray.PutTelemetryRecordsCommand({ TelemetryRecords: [] }))).toEqual([
    'InvalidRequestException',
    'Telemetry records cannot be empty',
  ]);
});

test('GetTraceSummaries finds a trace by its annotation at once, with every member that the SDK knows', async () => {
  const id = await local.putTrace({ annotations: { order: 'o-1', size: 3, paid: true }, user: 'u1' });
  const { TraceSummaries, ApproximateTime, TracesProcessedCount } = await client.send(
    new xray.GetTraceSummariesCommand({ ...range, FilterExpression: 'annotation.order = "o-1"' }),
  );
  expect(ApproximateTime).toEqual(new Date(Math.floor(range.StartTime.getTime() / 1000) * 1000));
  expect(TracesProcessedCount).toBe(1);
  expect(TraceSummaries).toHaveLength(1);
  expect(TraceSummaries![0]).toMatchObject({
    Id: id,
    Duration: 1,
    ResponseTime: 1,
    HasFault: false,
    IsPartial: false,
    Http: { HttpURL: 'http://shop/', HttpStatus: 200, HttpMethod: 'GET' },
    Annotations: {
      order: [{ AnnotationValue: { StringValue: 'o-1' } }],
      size: [{ AnnotationValue: { NumberValue: 3 } }],
      paid: [{ AnnotationValue: { BooleanValue: true } }],
    },
    Users: [{ UserName: 'u1' }],
    EntryPoint: { Name: 'web' },
    Revision: 1,
  });
  expect(TraceSummaries![0]!.ResponseTimeRootCauses?.[0]?.Services?.map(({ Name }) => Name)).toEqual([
    'web',
    'orders',
    'orders',
  ]);
});

test('GetTraceSummaries: the range types, sampling strategies and errors', async () => {
  const id = await local.putTrace({ annotations: { key: 'ranges' } });
  const find = async (input: Partial<xray.GetTraceSummariesCommandInput>): Promise<xray.TraceSummary[]> =>
    (
      await client.send(
        new xray.GetTraceSummariesCommand({ ...range, FilterExpression: 'annotation.key = "ranges"', ...input }),
      )
    ).TraceSummaries!;
  const at = (from: number, to: number): { StartTime: Date; EndTime: Date } => ({
    StartTime: new Date((local.now + from) * 1000),
    EndTime: new Date((local.now + to) * 1000),
  });
  expect(await find(at(-1, 0))).toEqual([]);
  expect(await find(at(0, 1))).toHaveLength(1);
  expect((await find({ TimeRangeType: 'Event' }))[0]).toMatchObject({
    Id: id,
    MatchedEventTime: expect.any(Date) as Date,
  });
  expect(await find({ ...at(0.9, 1.1), TimeRangeType: 'Service' })).toHaveLength(1);
  expect(
    await find({ TimeRangeType: 'Event', Sampling: true, SamplingStrategy: { Name: 'FixedRate', Value: 0 } }),
  ).toEqual([]);
  expect(await find({ Sampling: true, SamplingStrategy: { Name: 'PartialScan', Value: 7 } })).toHaveLength(1);
  expect(await find({ SamplingStrategy: { Name: 'FixedRate', Value: 7 } })).toHaveLength(1);
  const error = async (input: Partial<xray.GetTraceSummariesCommandInput>): Promise<string> =>
    (await local.errorOf(new xray.GetTraceSummariesCommand({ ...range, ...input })))[1];
  expect(await error({ Sampling: true, SamplingStrategy: { Name: 'FixedRate', Value: 1 } })).toBe(
    'Cannot use FixedRate with input time range type: TraceId. Please try using time range type: Event',
  );
  expect(
    await error({ TimeRangeType: 'Event', Sampling: true, SamplingStrategy: { Name: 'FixedRate', Value: 2 } }),
  ).toBe('sampling rate must be specified and its value must be between [0, 1]');
  expect(await error({ EndTime: new Date(0) })).toBe('End time cannot be earlier than start time');
  expect(await error({ NextToken: 'nonsense' })).toBe('Invalid token nonsense');
  expect(await error({ FilterExpression: 'ok AND (madeup = 7)' })).toBe(
    "Error Location: line 1, position 8 : Invalid input symbol: 'ma'",
  );
});

test('GetTraceSummaries: TraceId selects by the start of the trace, whatever time is in its ID', async () => {
  const idTime = Math.floor(local.now) - 650;
  const document = segmentJson('late', {
    trace_id: `1-${idTime.toString(16)}-${'c'.repeat(24)}`,
    start_time: local.now,
    end_time: local.now + 1,
  });
  await client.send(new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: [JSON.stringify(document)] }));
  const found = async (from: number): Promise<number> => {
    const times = { StartTime: new Date(from * 1000), EndTime: new Date((from + 5) * 1000) };
    const { TraceSummaries } = await client.send(
      new xray.GetTraceSummariesCommand({ ...times, FilterExpression: 'service("late")' }),
    );
    return TraceSummaries!.length;
  };
  expect([await found(local.now - 1), await found(idTime - 1)]).toEqual([1, 0]);
});

test('GetTraceSummaries returns MatchedService and MatchedEdge for the range type Service', async () => {
  await local.putTrace({ annotations: { key: 'matched' } });
  const FilterExpression = 'annotation.key = "matched" AND service("orders") { ok } AND edge("web", "orders") { ok }';
  const raw = async (TimeRangeType: string): Promise<Record<string, unknown>> => {
    const body = JSON.stringify({
      StartTime: local.now - 60,
      EndTime: local.now + 60,
      TimeRangeType,
      FilterExpression,
    });
    const answer = (await (await fetch(`${local.daemon.tcpUrl}/TraceSummaries`, { method: 'POST', body })).json()) as {
      TraceSummaries: Record<string, unknown>[];
    };
    return answer.TraceSummaries[0]!;
  };
  expect(await raw('Service')).toMatchObject({
    MatchedService: { Annotations: {}, HasError: false, ResponseTime: 0.7 },
    MatchedEdge: { DestinationAnnotations: {}, HasFault: false, ResponseTime: 0.75 },
  });
  expect(await raw('TraceId')).toMatchObject({ MatchedService: null, MatchedEdge: null, MatchedEventTime: null });
});

test('GetTraceSummaries pages without gaps, even while traces arrive', async () => {
  const ids = new Set<string>();
  for (let i = 0; i < 250; i++) ids.add(await local.putTrace({ annotations: { key: 'paged' } }));
  const found: string[] = [];
  for await (const { TraceSummaries } of xray.paginateGetTraceSummaries(
    { client },
    { ...range, FilterExpression: 'annotation.key = "paged"' },
  )) {
    found.push(...TraceSummaries!.map(({ Id }) => Id!));
    await local.putTrace({ annotations: { key: 'paged' } });
  }
  expect(found).toHaveLength(250);
  expect(new Set(found)).toEqual(ids);
});

test('BatchGetTraces: processed documents, inferred segments and errors', async () => {
  const id = await local.putTrace();
  const { Traces, UnprocessedTraceIds } = await client.send(
    new xray.BatchGetTracesCommand({ TraceIds: [id, local.nextTraceId()] }),
  );
  expect(UnprocessedTraceIds).toEqual([]);
  expect(Traces).toHaveLength(1);
  expect(Traces![0]).toMatchObject({ Id: id, Duration: 1, LimitExceeded: false });
  const documents = Traces![0]!.Segments!.map(({ Id, Document }): Record<string, unknown> => ({
    Id,
    ...(JSON.parse(Document!) as Record<string, unknown>),
  }));
  expect(documents.map(({ name, inferred, origin }) => [name, inferred, origin])).toEqual([
    ['web', undefined, undefined],
    ['orders', undefined, undefined],
    ['DynamoDB', true, 'AWS::DynamoDB::Table'],
  ]);
  expect(documents[2]).toMatchObject({
    aws: { resource_names: ['orders'] },
    parent_id: (documents[1]!['subsegments'] as { id: string }[])[0]!.id,
  });
  const error = async (TraceIds: string[], NextToken?: string): Promise<string> =>
    (
      await local.errorOf(
        new xray.BatchGetTracesCommand({ TraceIds, ...(NextToken === undefined ? {} : { NextToken }) }),
      )
    )[1];
  expect(await error(Array.from({ length: 6 }, () => local.nextTraceId()))).toBe('Exceeding maximum query size: 5');
  expect(await error(['1-x-y'])).toBe('Invalid trace id 1-x-y: incorrect id format');
  expect(await error([id, id])).toBe('Containing duplicate trace ids');
  expect(await error([id], 'x')).toBe('NextToken is currently not supported');
});

test('GetTraceGraph', async () => {
  const id = await local.putTrace();
  const { Services } = await client.send(new xray.GetTraceGraphCommand({ TraceIds: [id] }));
  expect(
    Services!.map(({ Name, Type, State, Root, Edges }) => [
      Name,
      Type,
      State,
      Root,
      Edges!.map(({ ReferenceId }) => ReferenceId),
    ]),
  ).toEqual([
    ['orders', undefined, 'active', undefined, [1]],
    ['orders', 'AWS::DynamoDB::Table', 'unknown', undefined, []],
    ['web', undefined, 'active', true, [0]],
    ['web', 'client', 'unknown', undefined, [2]],
  ]);
  const error = async (TraceIds: string[]): Promise<string> =>
    (await local.errorOf(new xray.GetTraceGraphCommand({ TraceIds })))[1];
  expect(await error([])).toBe('Zero trace ids provided');
  expect(await error([id, id])).toBe('Currently only one trace Id is supported');
  expect(await error(['x'])).toBe('Invalid traceId. ErrorCode: InvalidId');
  expect(await error([local.nextTraceId()])).toBe('Trace id not found');
});

test('GetServiceGraph and GetTimeSeriesServiceStatistics', async () => {
  await local.putTrace();
  // Traces in progress are in no service graph. Source: recorded answers of X-Ray.
  await local.putTrace({ name: 'unfinished', end_time: undefined, in_progress: true });
  const graph = await client.send(new xray.GetServiceGraphCommand(range));
  expect(graph.Services!.map(({ Name }) => Name)).not.toContain('unfinished');
  expect(graph.ContainsOldGroupVersions).toBe(false);
  expect(graph.StartTime!.getTime()).toBeLessThan(graph.EndTime!.getTime());
  const web = graph.Services!.find(({ Name, Type }) => Name === 'web' && Type === undefined)!;
  expect(web.SummaryStatistics!.TotalCount).toBe(web.SummaryStatistics!.OkCount);
  expect(web.Edges![0]!.StartTime).toBeInstanceOf(Date);
  expect(
    await client.send(new xray.GetServiceGraphCommand({ StartTime: new Date(0), EndTime: new Date(1_000) })),
  ).toMatchObject({ Services: [] });
  expect(
    await local.errorOf(new xray.GetServiceGraphCommand({ StartTime: new Date(0), EndTime: new Date(7 * 3_600_000) })),
  ).toEqual(['InvalidRequestException', 'Time range cannot be longer than 6 hours']);
  expect((await local.errorOf(new xray.GetServiceGraphCommand({ ...range, GroupName: 'none' })))[1]).toBe(
    'Group not found.',
  );
  const series = async (
    input: Partial<xray.GetTimeSeriesServiceStatisticsCommandInput>,
  ): Promise<xray.TimeSeriesServiceStatistics[]> =>
    (await client.send(new xray.GetTimeSeriesServiceStatisticsCommand({ ...range, ...input })))
      .TimeSeriesServiceStatistics!;
  expect((await series({}))[0]!.EdgeSummaryStatistics!.TotalCount).toBeGreaterThan(0);
  expect(
    (await series({ Period: 300, EntitySelectorExpression: 'service("orders")' }))[0]!.ServiceSummaryStatistics!
      .TotalCount,
  ).toBeGreaterThan(0);
  expect(
    (await series({ EntitySelectorExpression: 'edge("web", "orders")' }))[0]!.EdgeSummaryStatistics!.TotalCount,
  ).toBeGreaterThan(0);
  const [none] = await series({ EntitySelectorExpression: 'service("none")' });
  expect(none).toMatchObject({ Timestamp: expect.any(Date) as Date });
  expect(none!.ResponseTimeHistogram).toBeUndefined();
  expect(none!.ServiceSummaryStatistics).toBeUndefined();
  expect((await local.errorOf(new xray.GetTimeSeriesServiceStatisticsCommand({ ...range, Period: 5 })))[1]).toBe(
    'Time period must be one of [60, 300]',
  );
});

test('a segment can be read soon after it was sent over UDP', async () => {
  const trace = local.nextTraceId();
  const document = segmentJson('by-udp', { trace_id: trace });
  await local.daemon.send(`{"format":"json","version":1}\n${JSON.stringify(document)}`);
  await eventually(
    async () => (await client.send(new xray.BatchGetTracesCommand({ TraceIds: [trace] }))).Traces!.length === 1,
  );
});

test('returns and compares numbers with all their digits: in documents, summaries, lines, filters and on the page', async () => {
  const id = local.nextTraceId();
  const numbers = { int64: '9223372036854775807', big: '9007199254740993', minus: '-0', huge: '1e400', plain: '1.5' };
  const text = Object.entries(numbers).map(([key, number]) => `"${key}":${number}`);
  const json = JSON.stringify(segmentJson('numbers', { trace_id: id, start_time: local.now, end_time: local.now + 1 }));
  const document = json.replace(/}$/, `,"annotations":{${text.join(',')}},"metadata":{"default":{${text.join(',')}}}}`);
  await client.send(new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: [document] }));
  const read = async (path: string, body?: object): Promise<string> =>
    (
      await fetch(
        `${local.daemon.tcpUrl}${path}`,
        body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) },
      )
    ).text();

  const [{ Segments = [] } = {}] = (await client.send(new xray.BatchGetTracesCommand({ TraceIds: [id] }))).Traces!;
  for (const each of text) expect(Segments[0]!.Document!.split(each), each).toHaveLength(3);
  expect(await read(`/api/traces/${id}`)).toContain(document);
  const filter = 'annotation.big = 9007199254740993';
  const summaries = await read('/TraceSummaries', {
    StartTime: local.now - 60,
    EndTime: local.now + 60,
    FilterExpression: filter,
  });
  for (const found of [summaries, await read(`/traces.ndjson?filter=${encodeURIComponent(filter)}`)]) {
    expect(found).toContain('"NumberValue":9223372036854775807');
    expect(found).toMatch(/"NumberValue":-0[,}]/);
    expect(found).toContain('"NumberValue":"Infinity"');
  }
  const matching = async (FilterExpression: string): Promise<boolean> => {
    const { TraceSummaries = [] } = await client.send(
      new xray.GetTraceSummariesCommand({ ...range, FilterExpression }),
    );
    return TraceSummaries.some(({ Id }) => Id === id);
  };
  const yes = [
    'annotation.big > 9007199254740992',
    'annotation.int64 < 9223372036854775808',
    'annotation.minus = 0',
    'annotation.huge > 1e308',
  ];
  const no = [
    'annotation.big = 9007199254740992',
    'annotation.int64 = 9223372036854775808',
    'annotation.huge = 2e400',
    'annotation.minus < 0',
  ];
  for (const expression of yes) expect(await matching(expression), expression).toBe(true);
  for (const expression of no) expect(await matching(expression), expression).toBe(false);
});

test('refuses a graph of too many services with a remedy, and answers everything else', async () => {
  const busy = await LocalXRay.start();
  try {
    const at = { start_time: busy.now, end_time: busy.now + 1 };
    for (let call = 0; call < 5; call++) {
      const documents = Array.from({ length: 50 }, (_, i) => {
        const subsegments = Array.from({ length: 45 }, (__, j) =>
          sub(`user-${call}-${i}-${j}`, { ...at, namespace: 'remote' }),
        );
        return JSON.stringify(segmentJson('web', { trace_id: busy.nextTraceId(), ...at, subsegments }));
      });
      await busy.client.send(new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }));
    }
    const [name, message] = await busy.errorOf(new xray.GetServiceGraphCommand(busy.range));
    expect([name, message]).toEqual([
      'InvalidRequestException',
      expect.stringContaining('Request a shorter time or use a filter'),
    ]);
    expect((await fetch(`${busy.daemon.tcpUrl}/api/graph`)).status).toBe(400);
    expect((await fetch(`${busy.daemon.tcpUrl}/api/traces`)).status).toBe(200);
  } finally {
    await busy.stop();
  }
});
