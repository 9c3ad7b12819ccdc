import { expect, test } from 'vitest';
import { logsJson, logsRequest, metricsRequest } from '../../fakes/otlp-signals.ts';
import { SPAN, TRACE } from '../../fakes/otlp.ts';
import { Scope } from '../../fakes/scope.ts';
import { httpReceiver, type Started } from '../started.ts';

const scope = new Scope();
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

async function post({ url }: Pick<Started<unknown>, 'url'>, path: string, body: Buffer, type: string) {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new Uint8Array(body),
  });
  return { status: answer.status, text: await answer.text(), retryAfter: answer.headers.get('retry-after') };
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const LOG = { traceId: TRACE, spanId: SPAN, body: 'paid' };

test('logs of a trace are kept, and the answer is that of a complete success', async () => {
  const local = await httpReceiver(scope);
  expect(await post(local, '/v1/logs', logsRequest([LOG]), PROTOBUF)).toMatchObject({ status: 200, text: '' });
  expect(await post(local, '/v1/logs', json(logsJson([LOG])), JSON_TYPE)).toMatchObject({ status: 200, text: '{}' });
  expect(local.logs).toMatchObject([{ log: { body: 'paid' } }, { log: { body: 'paid' } }]);
  expect(local.others()).toEqual({ 'logs kept': 2 });
});

test('logs without a trace ID and metrics are counted, and the answer says that they are not kept', async () => {
  const local = await httpReceiver(scope);
  const logs = await post(local, '/v1/logs', json(logsJson([{ body: 'a' }, LOG, { body: 'b' }])), JSON_TYPE);
  expect([logs.status, JSON.parse(logs.text)]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedLogRecords: '2',
        errorMessage: '2 have no trace ID, and xrayd keeps logs of traces only',
      },
    },
  ]);
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{}, {}] } }] }] }] };
  const metrics = await post(local, '/v1/metrics', json(body), JSON_TYPE);
  expect(JSON.parse(metrics.text)).toEqual({
    partialSuccess: { rejectedDataPoints: '2', errorMessage: 'xrayd does not keep metrics' },
  });
  await post(local, '/v1/metrics', metricsRequest(3), PROTOBUF);
  expect(local.others()).toEqual({ 'logs kept': 1, 'logs not_kept': 2, 'metrics not_kept': 5 });
});

test('logs beyond what is kept of a trace are counted, and named in the answer', async () => {
  const local = await httpReceiver(scope, { keepLogs: async () => 1 });
  const answer = await post(local, '/v1/logs', json(logsJson([LOG, LOG, LOG])), JSON_TYPE);
  expect(JSON.parse(answer.text)).toEqual({
    partialSuccess: { rejectedLogRecords: '2', errorMessage: '2 are beyond the logs that are kept of a trace' },
  });
  expect(local.others()).toEqual({ 'logs kept': 1, 'logs over_limit': 2 });
});

test('logs that cannot be stored are refused, so that the sender tries again', async () => {
  const full = async (): Promise<number> => {
    throw new Error('the disk is full');
  };
  const local = await httpReceiver(scope, { keepLogs: full });
  expect(await post(local, '/v1/logs', logsRequest([LOG]), PROTOBUF)).toMatchObject({ status: 503, retryAfter: '1' });
  expect(local.others()).toEqual({ 'logs refused': 1 });
});

test('garbage is refused, as for spans; the daemon takes neither logs nor metrics, and says why', async () => {
  const local = await httpReceiver(scope);
  for (const path of ['/v1/logs', '/v1/metrics']) {
    expect((await post(local, path, Buffer.from('\x0a\xff'), PROTOBUF)).status).toBe(400);
    expect((await post(local, path, Buffer.from('no JSON'), JSON_TYPE)).status).toBe(400);
    expect((await post(local, path, Buffer.alloc(2_000_000), PROTOBUF)).status).toBe(413);
  }
  const daemon = await httpReceiver(scope, { mode: 'daemon' });
  for (const signal of ['logs', 'metrics']) {
    const answer = await post(daemon, `/v1/${signal}`, Buffer.from('{}'), JSON_TYPE);
    expect([answer.status, answer.text]).toEqual([404, expect.stringContaining(`send ${signal} elsewhere`)]);
  }
  expect(daemon.others()).toEqual({});
});
