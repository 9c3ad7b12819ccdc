import { expect, test } from 'vitest';
import { traceMembers } from '../../src/query/documents.ts';
import type { Json } from '../../src/json/json.ts';
import { call, plain, segmentJson, streamed, sub, TRACE_ID, viewOf } from '../fakes/traces.ts';

const documentsOf = (...documents: readonly Json[]): Record<string, unknown>[] => {
  const { Segments } = plain(traceMembers(viewOf(...documents))) as { Segments: { Id: string; Document: string }[] };
  return Segments.map(({ Document }) => JSON.parse(Document) as Record<string, unknown>);
};

test('writes members in AWS’s order and times as doubles, keeps an explicit false, and drops null', () => {
  const web = segmentJson('web', { annotations: { a: 1 }, fault: false, origin: 'O', user: 'u', error: null });
  const { Segments } = traceMembers(viewOf(web)) as { Segments: { Document: string }[] };
  expect(Segments[0]!.Document).toBe(
    `{"id":"${web.id}","name":"web","start_time":1.790161967E9,"trace_id":"${TRACE_ID}","end_time":1.790161968E9,"fault":false,"origin":"O","annotations":{"a":1},"user":"u"}`,
  );
});

// Source: the recordings in github.com/radkawar/stackd, testdata/aws/xray at 9dc356f.
test('writes in_progress in place of the end, and namespace before the cause', () => {
  const open = sub('open', { in_progress: true, annotations: { a: 1 }, metadata: { m: {} } });
  const failed = call('failed', { cause: { exceptions: [] }, annotations: { a: 1 } });
  const [document] = documentsOf(segmentJson('web', { subsegments: [open, failed] }));
  expect((document!['subsegments'] as object[]).map(Object.keys)).toEqual([
    ['id', 'name', 'start_time', 'in_progress', 'annotations', 'metadata'],
    ['id', 'name', 'start_time', 'end_time', 'annotations', 'namespace', 'cause'],
  ]);
});

test('nests streamed subsegments in their parent, without the members that led to it', () => {
  const web = segmentJson('web');
  const [document] = documentsOf(web, streamed('late', web.id, { annotations: { k: 'v' } }));
  expect(document!['subsegments']).toMatchObject([{ name: 'late', annotations: { k: 'v' } }]);
  expect(Object.keys((document!['subsegments'] as object[])[0]!)).not.toContain('parent_id');
});

test('truncates names, removes http.request.traced and empty stacks, and adds resource names', () => {
  const orders = call('orders', { http: { request: { url: 'u', traced: true } } });
  const table = sub('DynamoDB', { namespace: 'aws', aws: { operation: 'GetItem', table_name: 'orders' } });
  const web = segmentJson('n'.repeat(300), {
    cause: { exceptions: [{ id: 'e', stack: [] }] },
    subsegments: [orders, table],
  });
  const [document] = documentsOf(web);
  expect(document).toMatchObject({ name: 'n'.repeat(200), cause: { exceptions: [{ id: 'e' }] } });
  expect(JSON.stringify(document)).not.toMatch(/traced|"stack"/);
  expect(document!['subsegments']).toMatchObject([{}, { aws: { resource_names: ['orders'] } }]);
});

test('a call without a callee has an inferred segment, which disappears when the callee arrives', () => {
  const orders = call('orders', {
    fault: true,
    annotations: { a: 1 },
    cause: { exceptions: [] },
    http: { response: { status: 500 } },
  });
  const web = segmentJson('web', { subsegments: [orders] });
  const [, inferred] = documentsOf(web);
  expect(inferred).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
    name: 'orders',
    start_time: expect.any(Number) as number,
    trace_id: TRACE_ID,
    end_time: expect.any(Number) as number,
    parent_id: orders.id,
    inferred: true,
    fault: true,
    http: { response: { status: 500 } },
  });
  expect(documentsOf(web, segmentJson('orders', { parent_id: orders.id })).map(({ name }) => name)).toEqual([
    'web',
    'orders',
  ]);
});

test('infers no segment from a call in progress or from a local subsegment', () => {
  expect(
    documentsOf(
      segmentJson('web', {
        subsegments: [call('orders', { in_progress: true }), sub('local', { namespace: 'local' })],
      }),
    ),
  ).toHaveLength(1);
});

test('a received message has its time in the queue', () => {
  const send = sub('SQS', { namespace: 'aws', aws: { operation: 'SendMessage', queue_url: 'https://q' } });
  const [, inferred] = documentsOf(segmentJson('web', { subsegments: [send] }));
  expect(inferred).toMatchObject({ origin: 'AWS::SQS::Queue', subsegments: [{ name: 'QueueTime' }] });
});

test('a trace of orphan subsegments has no segments and no duration', () => {
  expect(plain(traceMembers(viewOf(streamed('lost', 'ffffffffffffffff'))))).toMatchObject({
    Segments: [],
    Duration: null,
    LimitExceeded: false,
  });
});

test('limits what is inferred from very many calls, and keeps the received segments complete', () => {
  const calls = Array.from({ length: 20_000 }, (_, i) => call(`remote-${i}`));
  const { Segments } = plain(traceMembers(viewOf(segmentJson('web', { subsegments: calls })))) as {
    Segments: { Id: string; Document: string }[];
  };
  const [web, ...inferred] = Segments;
  expect((JSON.parse(web!.Document) as { subsegments: object[] }).subsegments).toHaveLength(20_000);
  expect(inferred.length).toBeGreaterThan(5_000);
  expect(inferred.length).toBeLessThan(19_999);
});

test('the trace says so if not everything inferred fits', () => {
  const view = viewOf(segmentJson('web', { subsegments: [call('a'), call('b'), call('c')] }));
  expect(plain(traceMembers(view))).toMatchObject({ LimitExceeded: false });
  const { Segments, LimitExceeded } = plain(traceMembers(view, 10)) as { Segments: object[]; LimitExceeded: boolean };
  expect(Segments).toHaveLength(2);
  expect(LimitExceeded).toBe(true);
});
