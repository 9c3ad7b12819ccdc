import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../src/json/json.ts';
import { KIND, STATUS } from '../../../../src/formats/otlp/messages.ts';
import { clientOf, metadataOf, segmentOf } from '../../../fakes/segments-of.ts';
import { event } from '../../../fakes/otlp.ts';

describe('times', () => {
  const text = (members: Parameters<typeof segmentOf>[0]): unknown => {
    const { start_time: start, end_time: end, in_progress: inProgress } = segmentOf(members);
    return [start, end, inProgress];
  };
  test.each([
    ['whole seconds', {}, [1_764_349_296, 1_764_349_297, undefined]],
    ['reversed times', { startTimeUnixNano: 2_000_000_000n, endTimeUnixNano: 1_500_000_000n }, [2, 1.5, undefined]],
    ['no end', { startTimeUnixNano: 2_000_000_000n, endTimeUnixNano: 0n }, [2, 2, undefined]],
    ['a span in progress', { attributes: { 'aws.xray.inprogress': true } }, [1_764_349_296, undefined, true]],
    [
      'a span that was in progress',
      { attributes: { 'aws.xray.inprogress': false } },
      [1_764_349_296, 1_764_349_297, undefined],
    ],
    [
      'the year 2262',
      { endTimeUnixNano: 9_223_372_036_854_775_807n },
      [1_764_349_296, 9_223_372_036.854_776, undefined],
    ],
  ])('%s', (_, members, expected) => {
    expect(text(members)).toEqual(expected);
  });

  test('the attribute of a span in progress is taken only if it is a boolean', () => {
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.inprogress': true } }))).not.toHaveProperty(
      'aws.xray.inprogress',
    );
    expect(metadataOf(segmentOf({ attributes: { 'aws.xray.inprogress': 'true' } }))).toHaveProperty(
      'aws.xray.inprogress',
    );
  });
});

describe('outcome', () => {
  const flags = ({ fault, error, throttle }: Json): string =>
    Object.entries({ fault, error, throttle }).filter(([, is]) => is === true).map(([name]) => name).join(' '); // prettier-ignore
  test.each([
    [200n, STATUS.unset, ''],
    [200n, STATUS.error, 'fault'],
    [399n, STATUS.ok, ''],
    [400n, STATUS.ok, 'error'],
    [404n, STATUS.error, 'error'],
    [429n, STATUS.unset, 'error throttle'],
    [499n, STATUS.unset, 'error'],
    [500n, STATUS.unset, 'fault'],
    [599n, STATUS.ok, 'fault'],
    [600n, STATUS.unset, ''],
    [600n, STATUS.error, 'fault'],
    [undefined, STATUS.error, 'fault'],
    [undefined, STATUS.ok, ''],
    [undefined, STATUS.unset, ''],
  ])('HTTP %s and the status %s: %j', (code, status, expected) => {
    const attributes = code === undefined ? {} : { 'http.status_code': code };
    expect(flags(segmentOf({ attributes, status: { code: status, message: '' } }))).toBe(expected);
  });

  test('the three flags are written also when they are false', () => {
    expect(segmentOf({})).toMatchObject({ fault: false, error: false, throttle: false });
  });

  test('an exception without an error status sets nothing', () => {
    expect(flags(segmentOf({ events: [event('exception', { 'exception.type': 'E' })] }))).toBe('');
  });

  test("gRPC's status counts for nothing", () => {
    expect(flags(clientOf({ 'rpc.grpc.status_code': 14n }))).toBe('');
  });
});

describe('sql', () => {
  const QUERY = { 'db.name': 'shop', 'db.statement': 'SELECT 1', 'db.user': 'app' };
  test.each([
    'db2',
    'derby',
    'hive',
    'mariadb',
    'mssql',
    'mysql',
    'oracle',
    'postgresql',
    'sqlite',
    'teradata',
    'other_sql',
  ])('%s is a block of its own, and its attributes are taken', (system) => {
    const segment = clientOf({ ...QUERY, 'db.system': system });
    expect(segment['sql']).toEqual({
      url: 'GET /orders/:id',
      connection_string: 'localhost/shop',
      database_type: system,
      user: 'app',
      sanitized_query: 'SELECT 1',
    });
    expect(Object.keys(metadataOf(segment)).filter((key) => key.startsWith('db.'))).toEqual([]);
  });

  test('the connection string is that of the span', () => {
    expect(
      clientOf({ ...QUERY, 'db.system': 'mysql', 'db.connection_string': 'mysql://db:3306' })['sql'],
    ).toMatchObject({
      connection_string: 'mysql://db:3306/shop',
    });
  });

  test('an attribute that is no text stays metadata', () => {
    const segment = clientOf({ 'db.system.name': 'mysql', 'db.query.text': 'SELECT 1', 'db.statement': true });
    expect(segment['sql']).toMatchObject({ sanitized_query: 'SELECT 1' });
    expect(metadataOf(segment)).toMatchObject({ 'db.statement': true });
  });

  test.each(['redis', 'h2', 'constructor'])('of %s all attributes stay metadata', (system) => {
    const segment = clientOf({ ...QUERY, 'db.system': system });
    expect(segment).not.toHaveProperty('sql');
    expect(metadataOf(segment)).toMatchObject({ ...QUERY, 'db.system': system });
  });
});

describe('service and user', () => {
  test.each([
    [{ 'service.version': '1.2', 'container.image.tags': ['a'] }, '1.2'],
    [{ 'container.image.tags': ['a', 'b'], 'container.image.tag': 'c' }, 'a'],
    [{ 'container.image.tag': 'c' }, 'c'],
  ])('%j is the version %s', (resource, version) => {
    expect(segmentOf({}, resource)['service']).toEqual({ version });
  });

  test('without a version there is no block', () => {
    expect(segmentOf({})).not.toHaveProperty('service');
  });

  test('enduser.id is the user', () => {
    const segment = segmentOf({ attributes: { 'enduser.id': 'ann' } });
    expect(segment['user']).toBe('ann');
    expect(metadataOf(segment)).not.toHaveProperty('enduser.id');
  });
});

describe('aws', () => {
  const awsOf = (attributes: Json, resource: Json = {}): Json =>
    clientOf(attributes as Parameters<typeof clientOf>[0], resource as Parameters<typeof clientOf>[0])['aws'] as Json;

  test('it is always there, except in another cloud', () => {
    expect(awsOf({})).toEqual({ xray: { auto_instrumentation: false } });
    expect(awsOf({}, { 'cloud.provider': 'aws' })).toEqual({ xray: { auto_instrumentation: false } });
    expect(awsOf({ 'aws.operation': 'X' }, { 'cloud.provider': 'azure' })).toBeUndefined();
  });

  test.each([
    [{ 'aws.operation': 'PutItem', 'rpc.method': 'x' }, { operation: 'PutItem' }],
    [{ 'rpc.method': 'GetCart' }, { operation: 'GetCart' }],
    [{ 'aws.account_id': '1' }, { account_id: '1' }],
    [{ 'aws.region': 'eu-west-1' }, { region: 'eu-west-1' }],
    [{ 'aws.request_id': 'a' }, { request_id: 'a' }],
    [{ 'aws.requestId': 'b' }, { request_id: 'b' }],
    [{ 'aws.queue_url': 'a' }, { queue_url: 'a' }],
    [{ 'aws.queue.url': 'b' }, { queue_url: 'b' }],
    [{ 'aws.queue_url': 'a', 'messaging.url': 'c' }, { queue_url: 'c' }],
    [{ 'aws.table_name': 'a' }, { table_name: 'a' }],
    [{ 'aws.table.name': 'b' }, { table_name: 'b' }],
    [{ 'aws.table_name': 'a', 'aws.dynamodb.table_names': 'c' }, { table_name: 'c' }],
    [{ 'aws.dynamodb.table_names': ['c'] }, { table_name: 'c' }],
    [{ 'aws.table_name': 'a', 'aws.dynamodb.table_names': ['c', 'd'] }, { table_names: ['c', 'd'] }],
  ])('%j is %j', (attributes, expected) => {
    expect(awsOf(attributes)).toEqual({ ...expected, xray: { auto_instrumentation: false } });
  });

  test('attributes of the block are taken, except two', () => {
    const attributes = {
      'aws.operation': 'a',
      'rpc.method': 'b',
      'aws.region': 'c',
      'messaging.url': 'd',
      'aws.dynamodb.table_names': ['e'],
    };
    expect(Object.keys(metadataOf(clientOf(attributes))).filter((key) => key in attributes)).toEqual([
      'messaging.url',
      'aws.dynamodb.table_names',
    ]);
  });

  test.each([
    ['the account', { 'cloud.account.id': '1' }, { account_id: '1' }],
    [
      'EC2',
      {
        'cloud.platform': 'aws_ec2',
        'host.id': 'i-1',
        'cloud.availability_zone': 'a',
        'host.type': 't',
        'host.image.id': 'm',
      },
      { ec2: { instance_id: 'i-1', availability_zone: 'a', instance_size: 't', ami_id: 'm' } },
    ],
    [
      'ECS',
      {
        'cloud.platform': 'aws_ecs',
        'container.name': 'n',
        'container.id': 'i',
        'aws.ecs.task.arn': 't',
        'aws.ecs.task.family': 'f',
        'aws.ecs.cluster.arn': 'c',
        'aws.ecs.container.arn': 'a',
        'cloud.availability_zone': 'z',
        'aws.ecs.launchtype': 'fargate',
      },
      {
        ecs: {
          container: 'n',
          container_id: 'i',
          task_arn: 't',
          task_family: 'f',
          cluster_arn: 'c',
          container_arn: 'a',
          availability_zone: 'z',
          launch_type: 'fargate',
        },
      },
    ],
    [
      'EKS',
      { 'cloud.platform': 'aws_eks', 'k8s.pod.name': 'p', 'container.id': 'i' },
      { eks: { pod: 'p', container_id: 'i' } },
    ],
    ['another Kubernetes', { 'k8s.cluster.name': 'c' }, { eks: { cluster_name: 'c' } }],
    [
      'Beanstalk',
      {
        'cloud.platform': 'aws_elastic_beanstalk',
        'service.namespace': 'e',
        'service.instance.id': '32',
        'service.version': 'v',
      },
      { elastic_beanstalk: { environment_name: 'e', version_label: 'v', deployment_id: 32 } },
    ],
    [
      'a Beanstalk deployment without a number',
      { 'cloud.platform': 'aws_elastic_beanstalk', 'service.instance.id': 'x' },
      { elastic_beanstalk: { deployment_id: 0 } },
    ],
    ['Lambda', { 'cloud.platform': 'aws_lambda', 'faas.name': 'f' }, {}],
    ['log groups', { 'aws.log.group.names': 'a&b' }, { cloudwatch_logs: [{ log_group: 'a' }, { log_group: 'b' }] }],
    [
      'log groups, of which some have no name',
      { 'aws.log.group.names': ['', 'a', 5n] },
      { cloudwatch_logs: [{ log_group: 'a' }] },
    ],
    ['ARNs that are empty', { 'aws.log.group.arns': [''] }, {}],
    [
      'ARNs of log groups',
      { 'aws.log.group.arns': ['arn:aws:logs:r:1:log-group:/a/b:*'], 'aws.log.group.names': ['x'] },
      { cloudwatch_logs: [{ log_group: '/a/b', arn: 'arn:aws:logs:r:1:log-group:/a/b:*' }] },
    ],
    [
      'the SDK',
      { 'telemetry.sdk.name': 'opentelemetry', 'telemetry.sdk.language': 'python', 'telemetry.sdk.version': '1' },
      { xray: { sdk: 'opentelemetry for python', sdk_version: '1', auto_instrumentation: false } },
    ],
    ['an SDK without a language', { 'telemetry.sdk.name': 'x' }, { xray: { sdk: 'x', auto_instrumentation: false } }],
    ['a distribution', { 'telemetry.distro.version': '1' }, { xray: { auto_instrumentation: true } }],
    ['an agent', { 'telemetry.auto.version': '1' }, { xray: { auto_instrumentation: true } }],
  ])('%s', (_, resource, expected) => {
    expect(awsOf({}, resource)).toEqual({ xray: { auto_instrumentation: false }, ...expected });
  });

  test('log groups of the configuration are those of resources that name none', () => {
    const options = { awsLogGroups: ['configured'] };
    expect(segmentOf({}, {}, options)['aws']).toMatchObject({ cloudwatch_logs: [{ log_group: 'configured' }] });
    expect(segmentOf({}, { 'aws.log.group.names': 'own' }, options)['aws']).toMatchObject({
      cloudwatch_logs: [{ log_group: 'own' }],
    });
  });
});

test('a link has the ID of X-Ray and its attributes', () => {
  const link = { traceId: '6929d510abcdef000000000000000001', spanId: '53995c3f42cd8ad8', traceState: '', flags: 0 };
  const segment = segmentOf({
    kind: KIND.consumer,
    links: [
      { ...link, attributes: {}, droppedAttributesCount: 0 },
      { ...link, attributes: { a: [1n] }, droppedAttributesCount: 0 },
    ],
  });
  const id = { trace_id: '1-6929d510-abcdef000000000000000001', id: '53995c3f42cd8ad8' };
  expect(segment['links']).toEqual([id, { ...id, attributes: { a: [1] } }]);
});
