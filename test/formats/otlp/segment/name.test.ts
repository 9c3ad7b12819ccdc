import { describe, expect, test } from 'vitest';
import { KIND } from '../../../../src/formats/otlp/messages.ts';
import { clientOf, segmentOf } from '../../../fakes/segments-of.ts';
import { PARENT, SPAN, TRACE } from '../../../fakes/otlp.ts';

const SERVICE = { 'service.name': 'orders' };

describe('a segment or a subsegment', () => {
  test.each([
    ['server', '', undefined],
    ['server', PARENT, undefined],
    ['consumer', '', undefined],
    ['consumer', PARENT, undefined],
    ['internal', '', undefined],
    ['internal', PARENT, 'subsegment'],
    ['client', '', undefined],
    ['client', PARENT, 'subsegment'],
    ['producer', '', undefined],
    ['producer', PARENT, 'subsegment'],
    ['unspecified', '', undefined],
    ['unspecified', PARENT, 'subsegment'],
  ] as const)('%s with the parent %j', (kind, parentSpanId, type) => {
    const segment = segmentOf({ kind: KIND[kind], parentSpanId });
    expect(segment['type']).toBe(type);
    expect(segment['parent_id']).toBe(parentSpanId === '' ? undefined : PARENT);
  });
});

test('IDs are those of the span', () => {
  expect(segmentOf({})).toMatchObject({ id: SPAN, trace_id: `1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}` });
});

describe('the first source of a name that exists', () => {
  test.each([
    ['server', { 'aws.local.service': 'local', 'peer.service': 'peer' }, 'local'],
    ['server', { 'peer.service': 'peer', 'aws.service': 'S3' }, 'peer'],
    ['server', { 'aws.service': 'S3' }, 'S3'],
    ['server', { 'db.name': 'db' }, 'db'],
    ['server', { 'rpc.service': 'rpc' }, 'orders'],
    ['server', { 'aws.remote.service': 'remote' }, 'orders'],
    ['client', { 'aws.remote.service': 'remote', 'peer.service': 'peer', 'aws.local.service': 'x' }, 'remote'],
    ['client', { 'aws.remote.service': 'AWS::S3', 'rpc.system': 'aws-api' }, 'S3'],
    ['client', { 'aws.remote.service': 'AWS.SDK.S3', 'rpc.system': 'aws-api' }, 'S3'],
    ['client', { 'aws.remote.service': 'AWS::S3' }, 'AWS::S3'],
    ['client', { 'peer.service': 'peer', 'service.peer.name': 'newer' }, 'newer'],
    ['client', { 'db.name': 'shop', 'db.connection_string': 'jdbc:postgresql://db.local:5432/shop' }, 'shop@db.local'],
    ['client', { 'db.name': 'shop', 'db.connection_string': '//db.local:1521/shop' }, 'shop@db.local'],
    ['client', { 'db.name': 'shop', 'db.connection_string': 'no url' }, 'shop'],
    ['client', { 'db.name': 'shop', 'db.connection_string': 'db.local:3306' }, 'shop'],
    ['client', { 'rpc.service': 'shop.Cart', 'http.host': 'host', 'net.peer.name': 'peer' }, 'shop.Cart'],
    ['client', { 'http.host': 'host:8080', 'net.peer.name': 'peer' }, 'host:8080'],
    ['client', { 'net.peer.name': 'peer', 'net.peer.port': 8080n }, 'peer'],
    ['client', {}, 'GET /orders/:id'],
    ['internal', { 'peer.service': '' }, 'GET /orders/:id'],
  ] as const)('%s %o: %s', (kind, attributes, name) => {
    expect(segmentOf({ kind: KIND[kind], parentSpanId: PARENT, attributes }, SERVICE)['name']).toBe(name);
  });

  test('a client is not named by its own service', () => {
    expect(segmentOf({ kind: KIND.client, name: 'work' }, SERVICE)['name']).toBe('work');
  });

  test.each([
    ['charge {"id":7} <now>', 'charge id:7 now'],
    ['グリーン grün', 'グリーン grün'],
    ['{}', 'span'],
    ['', 'span'],
    ['a\\b', 'ab'],
  ])('the span name %j becomes %j', (name, expected) => {
    expect(segmentOf({ kind: KIND.internal, name })['name']).toBe(expected);
  });
});

describe('namespace', () => {
  test.each([
    ['client', { 'rpc.system': 'aws-api', 'peer.service': 'x' }, 'aws'],
    ['client', { 'aws.service': 'S3' }, 'aws'],
    ['client', { 'aws.service': 'S3', 'peer.service': 'x' }, 'remote'],
    ['client', {}, 'remote'],
    ['producer', {}, 'remote'],
    ['internal', {}, undefined],
    ['unspecified', {}, undefined],
    ['server', {}, undefined],
    ['consumer', {}, undefined],
  ] as const)('%s %o: %s', (kind, attributes, namespace) => {
    expect(segmentOf({ kind: KIND[kind], parentSpanId: PARENT, attributes })['namespace']).toBe(namespace);
  });

  test('a call without a parent is a segment with a namespace', () => {
    expect(segmentOf({ kind: KIND.client })).toMatchObject({ namespace: 'remote' });
  });
});

describe('origin', () => {
  test.each([
    [{}, undefined],
    [{ 'cloud.provider': 'gcp', 'cloud.platform': 'aws_ec2' }, undefined],
    [{ 'cloud.platform': 'aws_app_runner' }, 'AWS::AppRunner::Service'],
    [{ 'cloud.provider': 'aws', 'cloud.platform': 'aws_eks' }, 'AWS::EKS::Container'],
    [{ 'cloud.platform': 'aws_elastic_beanstalk' }, 'AWS::ElasticBeanstalk::Environment'],
    [{ 'cloud.platform': 'aws_ecs', 'aws.ecs.launchtype': 'ec2' }, 'AWS::ECS::EC2'],
    [{ 'cloud.platform': 'aws_ecs', 'aws.ecs.launchtype': 'fargate' }, 'AWS::ECS::Fargate'],
    [{ 'cloud.platform': 'aws_ecs' }, 'AWS::ECS::Container'],
    [{ 'cloud.platform': 'aws_ec2' }, 'AWS::EC2::Instance'],
    [{ 'cloud.platform': 'aws_lambda' }, undefined],
    [{ 'cloud.platform': 'constructor' }, undefined],
  ])('%j: %s', (resource, origin) => {
    expect(segmentOf({}, resource)['origin']).toBe(origin);
    expect(clientOf({}, resource)['origin']).toBe(origin);
  });
});
