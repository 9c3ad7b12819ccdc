import { describe, expect, test } from 'vitest';
import { KIND, STATUS, type Value } from '../../../../src/formats/otlp/messages.ts';
import { converted, metadataOf, type Members } from '../../../fakes/segments-of.ts';
import { event, link, PARENT, SPAN } from '../../../fakes/otlp.ts';

const LOCAL_ROOT: Record<string, Value> = {
  'aws.span.kind': 'LOCAL_ROOT',
  'aws.local.service': 'orders',
  'aws.remote.service': 'AWS::SQS',
  'aws.remote.operation': 'SendMessage',
  'rpc.system': 'aws-api',
  'aws.region': 'eu-west-1',
  'http.request.method': 'POST',
  other: 'x',
};
const root = (kind: number, members: Members = {}): Members => ({
  kind,
  parentSpanId: PARENT,
  attributes: LOCAL_ROOT,
  ...members,
});

describe('a local root', () => {
  test.each(['server', 'internal'] as const)('of the kind %s is one segment without a namespace', (kind) => {
    const [segment, ...others] = converted(root(KIND[kind]));
    expect(others).toEqual([]);
    expect(segment).toMatchObject({ name: 'orders', parent_id: PARENT });
    expect(segment).not.toHaveProperty('type');
    expect(segment).not.toHaveProperty('namespace');
  });

  test.each(['client', 'producer', 'consumer', 'unspecified'] as const)(
    'of the kind %s is the segment of the service around the call',
    (kind) => {
      const [dependency, service] = converted(root(KIND[kind]), { 'service.name': 'other', 'cloud.region': 'r' });
      expect(dependency).toMatchObject({
        name: 'SQS',
        id: SPAN,
        type: 'subsegment',
        parent_id: service!['id'],
        namespace: 'aws',
        http: { request: { method: 'POST' } },
        aws: { region: 'eu-west-1' },
      });
      expect(service).toMatchObject({ name: 'orders', parent_id: PARENT });
      expect(service!['id']).toMatch(/^[0-9a-f]{16}$/);
      expect(service!['id']).not.toBe(SPAN);
      for (const member of ['type', 'namespace', 'http']) expect(service).not.toHaveProperty(member);
      expect(service!['aws']).toEqual({ xray: { auto_instrumentation: false } });
      expect(metadataOf(service!)).toEqual({
        'otel.resource.service.name': 'other',
        'otel.resource.cloud.region': 'r',
      });
      expect(metadataOf(dependency!)).toMatchObject({ other: 'x' });
    },
  );

  test('the call is named by what it calls, and is remote unless it is of AWS', () => {
    expect(converted(root(KIND.client))[0]!['name']).toBe('SQS');
    const attributes = { ...LOCAL_ROOT, 'rpc.system': 'grpc' };
    expect(converted(root(KIND.consumer, { attributes }))[0]).toMatchObject({ name: 'AWS::SQS', namespace: 'remote' });
  });

  test('without aws.local.service the segment is named by service.name', () => {
    const attributes = { 'aws.span.kind': 'LOCAL_ROOT', 'peer.service': 'peer' };
    expect(converted(root(KIND.client, { attributes }), { 'service.name': 'own' })[1]!['name']).toBe('own');
    expect(converted(root(KIND.client, { attributes }))[1]!['name']).toBe('peer');
  });

  test.each([
    ['client', 0],
    ['consumer', 1],
  ] as const)('the links of a %s are in document %d', (kind, position) => {
    const documents = converted(root(KIND[kind], { links: [link()] }));
    expect(documents.map((document) => 'links' in document)).toEqual([position === 0, position === 1]);
  });

  test('both have the outcome and the cause, under IDs of their own', () => {
    const [dependency, service] = converted(
      root(KIND.client, { status: { code: STATUS.error, message: '' }, events: [event('exception')] }),
    );
    expect(dependency).toMatchObject({ fault: true });
    expect(service).toMatchObject({ fault: true });
    const ids = [dependency, service].map(
      (document) => (document!['cause'] as { exceptions: { id: string }[] }).exceptions[0]!.id,
    );
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('of another cloud has no block aws, and is converted', () => {
    const documents = converted(root(KIND.client), { 'cloud.provider': 'gcp' });
    expect(documents).toHaveLength(2);
    for (const document of documents) expect(document).not.toHaveProperty('aws');
  });
});
