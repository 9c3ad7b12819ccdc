import { describe, expect, test } from 'vitest';
import { awsJson } from '../../src/json/aws-json.ts';
import { summaryOf } from '../../src/query/summary.ts';
import type { Json } from '../../src/json/json.ts';
import { call, plain, segmentJson, START, streamed, sub, viewOf, type Part } from '../fakes/traces.ts';

const NO_MATCH = { eventTime: undefined, service: undefined, edge: undefined };
type Summary = Record<string, unknown>;
const summarize = (...documents: readonly Json[]): Summary =>
  plain(summaryOf(viewOf(...documents), NO_MATCH)) as Summary;

test.each([503.5, 1e20, -1e10, 2 ** 31])('omits an HTTP status of %s, at which typed SDKs would fail', (status) => {
  expect(summarize(segmentJson('web', { http: { response: { status } } }))).toMatchObject({
    HasFault: false,
    Http: { HttpStatus: null },
  });
});

test('has every member, null if absent, with sorted keys and doubles as AWS writes them', () => {
  const text = awsJson(
    summaryOf(viewOf(segmentJson('web', { to: 4, annotations: { tenant: 'acme' }, user: 'u1' })), NO_MATCH),
  );
  expect(text).toContain('"Duration":4.0');
  expect(text).toContain(`"StartTime":1.790161967E9`);
  expect(text).toContain(
    '"tenant":[{"AnnotationValue":{"BooleanValue":null,"NumberValue":null,"StringValue":"acme"},"ServiceIds":null}]',
  );
  expect(text).toContain(
    '"Http":{"ClientIp":null,"HttpMethod":null,"HttpStatus":null,"HttpURL":null,"UserAgent":null}',
  );
  expect(text).toContain('"Users":[{"ServiceIds":null,"UserName":"u1"}]');
  expect(Object.keys(JSON.parse(text) as object)).toEqual([
    'Annotations',
    'AvailabilityZones',
    'Duration',
    'EntryPoint',
    'ErrorRootCauses',
    'FaultRootCauses',
    'HasError',
    'HasFault',
    'HasThrottle',
    'Http',
    'Id',
    'InstanceIds',
    'IsPartial',
    'MatchedEdge',
    'MatchedEventTime',
    'MatchedService',
    'ResourceARNs',
    'ResponseTime',
    'ResponseTimeRootCauses',
    'Revision',
    'ServiceIds',
    'StartTime',
    'Users',
  ]);
});

describe('flags are those of the root', () => {
  const flags = (part: Part): unknown[] => {
    const { HasFault, HasError, HasThrottle } = summarize(segmentJson('web', part));
    return [HasFault, HasError, HasThrottle];
  };
  const http = (status: number): Part => ({ http: { response: { status } } });
  test.each([
    [{}, [false, false, false]],
    [{ fault: true }, [true, false, false]],
    [{ error: true }, [false, true, false]],
    [{ error: true, throttle: true }, [false, false, true]],
    [http(404), [false, true, false]],
    [http(429), [false, false, true]],
    [http(503), [true, false, false]],
    [http(200), [false, false, false]],
    [{ subsegments: [call('db', { fault: true })] }, [false, false, false]],
  ] as [Part, boolean[]][])('%j', (part, expected) => expect(flags(part)).toEqual(expected));
});

test('the response time is the root’s, the duration that of the whole trace', () => {
  const orders = call('orders', { to: 2 });
  const documents = [
    segmentJson('web', { to: 2, subsegments: [orders] }),
    segmentJson('orders', { parent_id: orders.id, from: 1, to: 7 }),
  ];
  expect(summarize(...documents)).toMatchObject({ ResponseTime: 2, Duration: 7 });
});

test('a root in progress has no response time, and a duration from its start to the end of what is complete; it is not partial', () => {
  const web = segmentJson('web', { in_progress: true, subsegments: [sub('done', { from: 1, to: 3 })] });
  expect(summarize(web)).toMatchObject({ ResponseTime: null, Duration: 3, IsPartial: false });
  const early = segmentJson('web', { from: 3, in_progress: true, subsegments: [sub('done', { from: 0, to: 5 })] });
  expect(summarize(early)).toMatchObject({ Duration: 5 });
  const two = [segmentJson('web', { in_progress: true }), segmentJson('web', { from: 1, to: 4 })];
  expect(summarize(...two)).toMatchObject({ Duration: 4 });
  expect(summarize(segmentJson('web', { in_progress: true }))).toMatchObject({ Duration: null });
});

test('starts of zero or less do not count', () => {
  const odd = [0, -5].map((start) => segmentJson('odd', { start_time: start, to: 2, parent_id: 'a'.repeat(16) }));
  expect(summarize(segmentJson('web', { from: 1, to: 3 }), ...odd)).toMatchObject({ Duration: 2 });
});

test('a segment whose caller has not arrived is an orphan: partial, without entry, client and http', () => {
  const orphan = segmentJson('orders', {
    parent_id: 'ffffffffffffffff',
    http: { response: { status: 500 } },
    fault: true,
    user: 'u1',
    annotations: { a: 1 },
  });
  const summary = summarize(orphan);
  expect(summary).toMatchObject({
    EntryPoint: null,
    ResponseTime: null,
    IsPartial: true,
    HasFault: false,
    Duration: 1,
  });
  expect(summary['Http']).toEqual({
    ClientIp: null,
    HttpMethod: null,
    HttpStatus: null,
    HttpURL: null,
    UserAgent: null,
  });
  expect(summary['ServiceIds']).toEqual([{ Name: 'orders', Names: ['orders'], Type: null, AccountId: null }]);
  expect(summary['Users']).toHaveLength(1);
});

test('IsPartial: a callee in progress or a subsegment without its parent, but not an unanswered call', () => {
  const orders = call('orders', { http: { request: { traced: true } } });
  const web = segmentJson('web', { subsegments: [orders] });
  expect(summarize(web)).toMatchObject({ IsPartial: false });
  expect(summarize(web, segmentJson('orders', { parent_id: orders.id, in_progress: true }))).toMatchObject({
    IsPartial: true,
  });
  expect(summarize(web, streamed('lost', 'ffffffffffffffff'))).toMatchObject({ IsPartial: true });
});

test('lists a trace of orphans only, without times', () => {
  expect(summarize(streamed('lost', 'ffffffffffffffff'))).toMatchObject({
    StartTime: START,
    Duration: null,
    EntryPoint: null,
    IsPartial: true,
  });
});

test('lists annotations, users, resources and instances of all segments, each value once', () => {
  const orders = call('orders', { annotations: { size: 3, deep: true } });
  const ec2 = { ec2: { instance_id: 'i-1', availability_zone: 'us-west-2a' } };
  const web = segmentJson('web', {
    user: 'u1',
    aws: ec2,
    resource_arn: 'arn:x',
    annotations: { size: 3, list: [1] },
    subsegments: [orders],
  });
  const summary = summarize(
    web,
    segmentJson('orders', { parent_id: orders.id, user: 'u2', aws: ec2, annotations: { size: 4 } }),
  );
  const annotations = summary['Annotations'] as Record<
    string,
    { AnnotationValue: { NumberValue: unknown; BooleanValue: unknown } }[]
  >;
  expect(annotations['size']!.map(({ AnnotationValue }) => AnnotationValue.NumberValue)).toEqual([3, 4]);
  expect(annotations['deep']![0]!.AnnotationValue.BooleanValue).toBe(true);
  expect(Object.keys(annotations)).toEqual(['size', 'deep']);
  expect(summary).toMatchObject({
    Users: [{ UserName: 'u1' }, { UserName: 'u2' }],
    InstanceIds: [{ Id: 'i-1' }],
    AvailabilityZones: [{ Name: 'us-west-2a' }],
    ResourceARNs: [{ ARN: 'arn:x' }],
  });
});

test('lists the services of a trace: the client, those that report, and inferred ones by the names of their resources', () => {
  const aws = (name: string, members: object): Part =>
    sub(name, { namespace: 'aws', aws: { operation: 'Op', ...members } });
  const web = segmentJson('web', {
    origin: 'AWS::ECS::Container',
    subsegments: [
      call('api.example.com'),
      call('shop@db', { sql: { url: 'jdbc:x' } }),
      aws('DynamoDB', { table_name: 'orders' }),
      aws('S3', { bucket_name: 'photos' }),
      aws('SQS', { queue_url: 'https://sqs/q' }),
      aws('SNS', { topic_arn: 'arn:topic' }),
      aws('Lambda', { function_name: 'resize' }),
      aws('KMS', {}),
      sub('DynamoDB', { namespace: 'aws', aws: { table_name: 'orders' } }),
    ],
  });
  const services = summarize(web)['ServiceIds'] as { Name: string; Type: string }[];
  expect(services.map(({ Name, Type }) => [Name, Type])).toEqual([
    ['web', 'client'],
    ['web', 'AWS::ECS::Container'],
    ['api.example.com', 'remote'],
    ['shop@db', 'Database::SQL'],
    ['orders', 'AWS::DynamoDB::Table'],
    ['photos', 'AWS::S3::Bucket'],
    ['https://sqs/q', 'AWS::SQS::Queue'],
    ['arn:topic', 'AWS::SNS'],
    ['resize', 'AWS::Lambda'],
    ['KMS', 'AWS::KMS'],
    ['DynamoDB', 'AWS::DynamoDB'],
  ]);
});

test('lists the first 1,000 values of annotations, whatever a trace has', () => {
  const many = (key: string): Json => Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`${key}${i}`, i]));
  const trace = [
    segmentJson('web', { annotations: many('a') }),
    segmentJson('api', { id: '00000000000000bb', annotations: many('b') }),
  ];
  const { Annotations } = summarize(...trace) as { Annotations: Record<string, unknown[]> };
  expect(Object.keys(Annotations)).toHaveLength(1_000);
  expect(Object.keys(Annotations).slice(899, 901)).toEqual(['a899', 'b0']);
  const values = Array.from({ length: 1_200 }, (_, i) =>
    sub('step', { id: i.toString(16).padStart(16, '0'), annotations: { key: i } }),
  );
  const ofOneKey = summarize(segmentJson('web', { subsegments: values })) as { Annotations: Record<string, unknown[]> };
  expect(ofOneKey.Annotations['key']).toHaveLength(1_000);
});
