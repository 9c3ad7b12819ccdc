import * as xray from '@aws-sdk/client-xray';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { segmentJson } from '../../fakes/traces.ts';

let local: LocalXRay;
beforeAll(async () => {
  local = await LocalXRay.start();
});
afterAll(() => local.stop());

async function get(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(local.daemon.tcpUrl + path);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(local.daemon.tcpUrl + path, { method: 'POST', body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function findingsOf(id: string): Promise<[code: string, message: string][]> {
  const { status, body } = await get(`/api/traces/${id}/findings`);
  expect(status).toBe(200);
  return (body['Findings'] as { code: string; message: string; remedy: string }[]).map(({ code, message, remedy }) => {
    expect(remedy).not.toBe('');
    return [code, message];
  });
}

test('findings report what AWS would do differently, but never in AWS’s own answers', async () => {
  const now = local.now;
  const trace_id = local.nextTraceId();
  const at = { trace_id, start_time: now, end_time: now + 1 };
  const caller = segmentJson('web', {
    ...at,
    subsegments: [{ ...segmentJson('call', at), namespace: 'remote', trace_id: undefined }],
  });
  const [call] = caller['subsegments'] as { id: string }[];
  const documents = [
    { ...caller, annotations: { 'with-dash': 1, list: [1], ok: true } },
    segmentJson('early', { ...at, start_time: now - 1, parent_id: call!.id }),
    segmentJson('orphan', { ...at, parent_id: 'ffffffffffffffff' }),
    segmentJson('open', { ...at, end_time: undefined, in_progress: true, parent_id: call!.id }),
    segmentJson('large', { ...at, parent_id: call!.id, metadata: { pad: 'x'.repeat(70_000) } }),
    segmentJson('n'.repeat(201), { ...at, parent_id: call!.id }),
    segmentJson('bad?name!', { ...at, parent_id: call!.id }),
  ].map((document) => JSON.stringify(document));
  const { UnprocessedTraceSegments } = await local.client.send(
    new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }),
  );
  expect(UnprocessedTraceSegments).toHaveLength(1);
  const findings = await findingsOf(trace_id);
  const codes = findings.map(([code]) => code);
  expect(codes).toEqual([
    'document_too_large',
    'name_cut',
    'annotation_not_indexed',
    'annotation_not_indexed',
    'orphan',
    'unclosed',
    'clock_skew',
    'refused',
  ]);
  expect(findings.find(([code]) => code === 'clock_skew')![1]).toBe(
    'it starts 1000 ms before the call that caused it: the clocks of the two machines differ',
  );
  const answer = await local.client.send(new xray.BatchGetTracesCommand({ TraceIds: [trace_id] }));
  expect(JSON.stringify(answer.Traces)).not.toContain('Findings');
});

test('findings: a trace beyond 500 KB', async () => {
  const trace_id = local.nextTraceId();
  const documents = Array.from({ length: 10 }, () =>
    JSON.stringify(segmentJson('web', { trace_id, metadata: { pad: 'x'.repeat(60_000) } })),
  );
  await local.client.send(new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }));
  expect((await findingsOf(trace_id)).map(([code]) => code)).toContain('trace_too_large');
});

test('answers 404 for a trace that does not exist, and for a malformed ID', async () => {
  for (const id of [local.nextTraceId(), 'x', '%00'])
    expect((await get(`/api/traces/${id}/findings`)).status).toBe(404);
  expect((await get(`/api/traces/${local.nextTraceId()}/originals`)).status).toBe(404);
  expect((await post(`/api/traces/${local.nextTraceId()}/pin`, {})).status).toBe(404);
});

test('originals are the documents as received', async () => {
  const id = await local.putTrace({ annotations: { b: 1, a: 2 } });
  const { body } = await get(`/api/traces/${id}/originals`);
  const documents = (body['Documents'] as string[]).map((text) => JSON.parse(text) as Record<string, unknown>);
  expect(documents.map(({ name }) => name)).toEqual(['web', 'orders']);
  expect(body['Documents']).toContainEqual(expect.stringContaining('"annotations":{"b":1,"a":2}'));
});

test('clear removes all traces except pinned ones', async () => {
  const [kept, gone] = [await local.putTrace(), await local.putTrace()];
  expect((await post(`/api/traces/${kept}/pin`, {})).body).toEqual({ TraceId: kept, Pinned: true });
  expect((await post('/api/clear', {})).status).toBe(200);
  const { Traces } = await local.client.send(new xray.BatchGetTracesCommand({ TraceIds: [kept, gone] }));
  expect(Traces!.map(({ Id }) => Id)).toEqual([kept]);
  expect((await get('/api/store')).body).toMatchObject({ traces: 1, segments: 2 });
  expect((await post(`/api/traces/${kept}/pin`, { Pinned: 'no' })).status).toBe(400);
});
