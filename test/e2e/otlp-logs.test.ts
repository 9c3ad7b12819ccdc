import { expect, test } from 'vitest';
import { encodeTraces } from '../../src/formats/otlp/encode.ts';
import { eventually } from '../fakes/eventually.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { logsJson, metricsRequest } from '../fakes/otlp-signals.ts';
import { span, traces } from '../fakes/otlp.ts';
import { Scope } from '../fakes/scope.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();
const traceId = `${Math.floor(Date.now() / 1000).toString(16)}0123456789abcdef01234567`;
const xrayId = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

test('logs of a trace are kept with it, whether they come before or after its spans, and deleted with it', async () => {
  const local = await LocalXRay.of(scope, '--log-format', 'json', '--otlp-http', '127.0.0.1:0');
  const url = local.daemon.tcpUrl;
  await eventually(() => local.daemon.find(/receiving OTLP over HTTP/) !== undefined);
  const otlp = `http://${String(local.daemon.find(/receiving OTLP over HTTP/)!['address'])}`;
  const post = (to: string, body: object, headers = JSON_TYPE): Promise<Response> =>
    fetch(to, { method: 'POST', headers, body: JSON.stringify(body) });
  const logsOf = async (id: string): Promise<unknown> => (await fetch(`${url}/api/traces/${id}/logs`)).json();
  const now = BigInt(Date.now()) * 1_000_000n;
  const one = span({ traceId, startTimeUnixNano: now - 1_000_000n, endTimeUnixNano: now });
  const log = { traceId, spanId: one.spanId, timeUnixNano: now, severity: 9, level: 'INFO' };

  const before = await post(`${otlp}/v1/logs`, logsJson([{ ...log, body: 'before' }, { body: 'without a trace' }]));
  expect(before.status).toBe(200);
  const body = new Uint8Array(encodeTraces(traces([one])));
  expect((await fetch(`${otlp}/v1/traces`, { method: 'POST', headers: PROTOBUF, body })).status).toBe(200);
  // The same on the port of X-Ray's API.
  expect((await post(`${url}/v1/logs`, logsJson([{ ...log, body: 'after' }]))).status).toBe(200);
  const points = new Uint8Array(metricsRequest(7));
  expect((await fetch(`${otlp}/v1/metrics`, { method: 'POST', headers: PROTOBUF, body: points })).status).toBe(200);

  const expected = ['before', 'after'].map((text) => ({
    body: text,
    spanId: one.spanId,
    level: 'INFO',
    service: 'shop',
  }));
  for (const id of [xrayId, traceId]) expect(await logsOf(id)).toMatchObject({ TraceId: xrayId, Logs: expected });
  const metrics = await local.daemon.metrics();
  expect(metrics['xrayd_otlp_records_total{signal="logs",result="kept"}']).toBe(2);
  expect(metrics['xrayd_otlp_records_total{signal="logs",result="not_kept"}']).toBe(1);
  expect(metrics['xrayd_otlp_records_total{signal="metrics",result="not_kept"}']).toBe(7);
  expect(ledgerOf(metrics)).toMatchObject({ received: 1, imbalance: 0 });

  await post(`${url}/api/clear`, {});
  expect(await logsOf(xrayId)).toEqual({ TraceId: xrayId, Logs: [] });
});
