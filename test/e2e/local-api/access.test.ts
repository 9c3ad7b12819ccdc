import * as xray from '@aws-sdk/client-xray';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { Scope } from '../../fakes/scope.ts';
import { segmentJson } from '../../fakes/traces.ts';

const scope = new Scope();

/** Status of a request with these headers; fetch would not let Host and Origin be set. */
function statusOf(local: LocalXRay, method: string, path: string, headers: Record<string, string>): Promise<number> {
  const { port } = new URL(local.daemon.tcpUrl);
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      resolve(answer.statusCode!);
      answer.destroy();
    });
    sent.once('error', reject);
    sent.end(method === 'POST' ? '{}' : undefined);
  });
}

const RANGE = '/traces.ndjson';
/** Its TCP port alone can be reached from other machines. */
const TCP_TO_ALL = ['--bind-tcp', '0.0.0.0:0', '--bind', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

test('on a loopback address everyone on this machine may read, except foreign web pages', async () => {
  const local = await LocalXRay.of(scope);
  const host = new URL(local.daemon.tcpUrl).host;
  expect(await statusOf(local, 'GET', RANGE, {})).toBe(200);
  expect(await statusOf(local, 'POST', '/Groups', {})).toBe(200);
  expect(await statusOf(local, 'POST', '/Groups', { origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf(local, 'POST', '/GetSamplingRules', { origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf(local, 'GET', '/events', { origin: 'null' })).toBe(403);
  expect(await statusOf(local, 'GET', RANGE, { host: 'rebound.example' })).toBe(403);
  expect(await statusOf(local, 'POST', '/Groups', { origin: `http://${host}`, host })).toBe(200);
  const answer = await fetch(local.daemon.tcpUrl + RANGE);
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

test('on other addresses reading needs the token; SDKs send and sample without it', async () => {
  const local = await LocalXRay.of(scope, ...TCP_TO_ALL);
  const token = /Token for readers.*: ([0-9a-f]{32})/.exec(local.daemon.stdout)?.[1] ?? '';
  expect(token).not.toBe('');
  const service = { host: 'xray.tracing.svc.cluster.local:2000' };
  // What SDKs send has no token, and any name of a Service as its host.
  expect(await statusOf(local, 'POST', '/GetSamplingRules', service)).toBe(200);
  const documents = JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(segmentJson('web'))] });
  expect((await fetch(`${local.daemon.tcpUrl}/TraceSegments`, { method: 'POST', body: documents })).status).toBe(200);
  expect(await statusOf(local, 'POST', '/TraceSegments', { ...service, origin: 'https://evil.example' })).toBe(403);
  for (const path of ['/Groups', '/Traces', '/api/clear', '/api/import'])
    expect(await statusOf(local, 'POST', path, service)).toBe(403);
  for (const path of [RANGE, '/events', '/api/store']) expect(await statusOf(local, 'GET', path, {})).toBe(403);
  expect(await statusOf(local, 'GET', `${RANGE}?token=${token}`, {})).toBe(200);
  expect(await statusOf(local, 'GET', `${RANGE}?token=${token}x`, {})).toBe(403);
  expect(await statusOf(local, 'GET', RANGE, { authorization: `Bearer ${token}` })).toBe(200);
  const client = new xray.XRayClient({
    endpoint: local.daemon.tcpUrl,
    region: 'eu-west-1',
    credentials: { accessKeyId: token, secretAccessKey: 'any' },
  });
  scope.add(() => client.destroy());
  expect((await client.send(new xray.GetGroupsCommand({}))).Groups).toHaveLength(1);
  await expect(local.client.send(new xray.GetGroupsCommand({}))).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
});

test('--insecure-bind turns the token off, but never for foreign web pages', async () => {
  const local = await LocalXRay.of(scope, ...TCP_TO_ALL, '--insecure-bind');
  expect(await statusOf(local, 'POST', '/Groups', {})).toBe(200);
  expect(await statusOf(local, 'GET', RANGE, {})).toBe(200);
  expect(await statusOf(local, 'GET', RANGE, { origin: 'https://evil.example' })).toBe(403);
  for (const [method, path] of [
    ['GET', RANGE],
    ['POST', '/api/import'],
    ['POST', '/api/clear'],
    ['POST', '/TraceSummaries'],
  ] as const) {
    expect(await statusOf(local, method, path, { host: 'rebound.example' })).toBe(403);
    expect(
      await statusOf(local, method, path, {
        host: 'rebound.example',
        origin: 'http://rebound.example',
        'sec-fetch-site': 'same-origin',
      }),
    ).toBe(403);
  }
});

test('the token is in no log and not in --print-config', async () => {
  const local = await LocalXRay.of(scope, '--token', 'very-secret-token');
  await statusOf(local, 'GET', `${RANGE}?token=wrong`, {});
  expect(local.daemon.stderr).not.toContain('very-secret-token');
});
