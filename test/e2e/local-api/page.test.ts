import { request } from 'node:http';
import { expect, test } from 'vitest';
import type { RowsPage, Status, TraceDocuments, TraceRow } from '../../../src/api/page-types.ts';
import { eventually } from '../../fakes/eventually.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { sharedLocal } from '../../fakes/shared-local.ts';
import { Scope } from '../../fakes/scope.ts';

const scope = new Scope();

const local = await sharedLocal();

async function read<T>(path: string, { daemon } = local): Promise<T> {
  const answer = await fetch(daemon.tcpUrl + path);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

test('GET /api/traces: rows, newest first, filtered, page by page', async () => {
  const first = await local.putTrace();
  const second = await local.putTrace({
    fault: true,
    http: { request: { url: 'http://shop/x', method: 'POST' }, response: { status: 500 } },
  });
  const { rows, next } = await read<RowsPage>('/api/traces');
  expect(next).toBeNull();
  expect(rows.map(({ id }) => id)).toEqual([second, first]);
  expect(rows[0]).toMatchObject({
    outcome: 'fault',
    status: 500,
    method: 'POST',
    url: 'http://shop/x',
    name: 'web',
    duration: 1,
    isPartial: false,
  });
  expect(rows[0]).toMatchObject({ services: ['web', 'orders', 'orders'], serviceCount: 3, spans: 4 });
  const page = await read<RowsPage>('/api/traces?limit=1');
  expect(page.rows.map(({ id }) => id)).toEqual([second]);
  expect((await read<RowsPage>(`/api/traces?limit=1&after=${page.next}`)).rows.map(({ id }) => id)).toEqual([first]);
  expect((await read<RowsPage>('/api/traces?filter=fault')).rows.map(({ id }) => id)).toEqual([second]);
  expect((await read<RowsPage>(`/api/traces?from=${local.now + 60}`)).rows).toEqual([]);
  for (const query of ['limit=x', 'after=x', 'from=-1', 'filter=(']) {
    expect((await fetch(`${local.daemon.tcpUrl}/api/traces?${query}`)).status).toBe(400);
  }
});

test('GET /api/traces/ID returns the documents as received; /api/suggestions returns known keys and values', async () => {
  const id = await local.putTrace({ annotations: { tenant: 'acme', 'cart value': 184.5 } });
  await local.putTrace({ annotations: { tenant: 'globex' } });
  const { documents, isPinned } = await read<TraceDocuments>(`/api/traces/${id}`);
  expect(documents.map(({ format, document }) => [format, document['name']])).toEqual([
    ['xray', 'web'],
    ['xray', 'orders'],
  ]);
  expect(isPinned).toBe(false);
  expect((await fetch(`${local.daemon.tcpUrl}/api/traces/1-00000000-000000000000000000000000`)).status).toBe(404);
  expect(await read('/api/suggestions')).toEqual(['cart value', 'tenant']);
  expect(await read('/api/suggestions?field=annotation.tenant')).toEqual(['acme', 'globex']);
  expect(await read('/api/suggestions?field=annotation.tenant&prefix=glo')).toEqual(['globex']);
  expect(await read('/api/suggestions?field=annotation.cart%20value')).toEqual([184.5]);
  expect(await read('/api/suggestions?field=service&prefix=o')).toEqual(['orders']);
  expect(await read('/api/suggestions?field=nothing')).toEqual([]);
});

test('GET /api/status and /api/graph, POST /api/sample', async () => {
  const fresh = await LocalXRay.of(scope);
  const answer = await fetch(`${fresh.daemon.tcpUrl}/api/sample`, { method: 'POST', body: '{}' });
  const { TraceId } = (await answer.json()) as { TraceId: string };
  expect((await read<RowsPage>('/api/traces', fresh)).rows).toMatchObject([
    { id: TraceId, status: 409, outcome: 'error' },
  ]);
  expect(await read<Status>('/api/status', fresh)).toMatchObject({
    address: `127.0.0.1:${fresh.daemon.udpPort}`,
    region: 'eu-west-1',
    accountId: '123456789012',
    traces: 1,
    segments: 2,
    received: 2,
    lost: 0,
    maxBytes: 1000 * 1024 * 1024,
    file: '',
  });
  const { Services } = await read<{ Services: { Name: string }[] }>('/api/graph?filter=error', fresh);
  expect(Services.map(({ Name }) => Name).toSorted()).toEqual(['orders', 'orders', 'web', 'web']);
  expect(await read('/api/graph?filter=fault', fresh)).toMatchObject({ Services: [] });
});

test('GET /api/sampling returns the rule that decides in AWS, where Default is AWS’s own rule unless it was changed', async () => {
  const ask = async (query: string): Promise<unknown> => read(`/api/sampling?${query}`);
  const ofAws = { Rule: { RuleName: 'Default', ReservoirSize: 1, FixedRate: 0.05 } };
  expect(await ask('name=web&host=shop.example&method=GET&path=%2Fcart')).toEqual(ofAws);
  expect(await ask('')).toEqual(ofAws);
  const rule = {
    RuleName: 'cart',
    Priority: 1,
    FixedRate: 0.5,
    ReservoirSize: 3,
    ServiceName: '*',
    ServiceType: '*',
    Host: '*',
  };
  const body = JSON.stringify({
    SamplingRule: { ...rule, HTTPMethod: 'GET', URLPath: '/cart', ResourceARN: '*', Version: 1 },
  });
  const created = await fetch(`${local.daemon.tcpUrl}/CreateSamplingRule`, { method: 'POST', body });
  expect(await created.json()).toMatchObject({ SamplingRuleRecord: { SamplingRule: { RuleName: 'cart' } } });
  expect(await ask('name=web&method=GET&path=%2Fcart')).toEqual({
    Rule: { RuleName: 'cart', ReservoirSize: 3, FixedRate: 0.5 },
  });
  expect(await ask('name=web&method=POST&path=%2Fcart')).toEqual(ofAws);
});

test('GET /events?form=rows sends matching rows, IDs of others, and the ID of the run', async () => {
  const stop = new AbortController();
  scope.add(() => stop.abort());
  const answer = await fetch(`${local.daemon.tcpUrl}/events?form=rows&filter=fault`, { signal: stop.signal });
  let text = '';
  void (async () => {
    try {
      for await (const chunk of answer.body!) text += Buffer.from(chunk).toString();
    } catch {
      // The test has ended.
    }
  })();
  await eventually(() => /event: hello\ndata: \{"run":"[0-9a-f-]{36}"\}\n/.test(text));
  const ok = await local.putTrace();
  const fault = await local.putTrace({ fault: true });
  await eventually(() => text.includes(fault) && text.includes(ok));
  const changes = [...text.matchAll(/event: rows\nid: \d+\ndata: (.*)\n/g)].map(
    ([, data]) => JSON.parse(data!) as { rows: TraceRow[]; others: string[] },
  );
  expect(changes.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual([fault]);
  expect(changes.flatMap(({ others }) => others)).toEqual([ok]);
  await local.clear();
  await eventually(() => text.includes('event: resync'));
});

test('the page’s files load nothing from elsewhere, are cached forever under hashed names, and use gzip if accepted', async () => {
  const plain = (path: string, more: Record<string, string> = {}) =>
    new Promise<{ headers: Record<string, unknown>; body: string }>((resolve, reject) => {
      request(local.daemon.tcpUrl + path, { headers: more }, (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve({ headers: answer.headers, body }));
      })
        .once('error', reject)
        .end();
    });
  for (const path of ['/', '/map', '/settings', '/traces/1-00000000-000000000000000000000000']) {
    const { headers, body } = await plain(path);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(body).toContain('<div id="page">');
  }
  const script = /src="(\/assets\/[^"]+\.js)"/.exec((await plain('/')).body)![1]!;
  const { headers, body } = await plain(script);
  expect([headers['content-type'], headers['cache-control']]).toEqual([
    'text/javascript; charset=utf-8',
    'max-age=31536000, immutable',
  ]);
  for (const accepted of ['gzip;q=0', 'gzip; Q=0.000, br', 'identity'])
    expect((await plain(script, { 'accept-encoding': accepted })).headers).not.toHaveProperty('content-encoding');
  for (const accepted of ['gzip;q=0.5', 'br, GZIP'])
    expect((await plain(script, { 'accept-encoding': accepted })).headers).toHaveProperty('content-encoding');
  const zipped = await fetch(local.daemon.tcpUrl + script);
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(await zipped.text()).toBe(body);
  expect((await fetch(`${local.daemon.tcpUrl}/assets/../package.json`)).status).toBe(404);
  expect((await fetch(`${local.daemon.tcpUrl}/assets/nothing.js`)).status).toBe(404);
});

test('the token in the address becomes a cookie that scripts cannot read; a wrong token does not', async () => {
  const token = 'a;token/with=signs%20';
  const open = await LocalXRay.of(scope, '--bind-tcp', '0.0.0.0:0', '--token', token);
  const first = await fetch(`${open.daemon.tcpUrl}/map?token=${encodeURIComponent(token)}&q=fault`, {
    redirect: 'manual',
  });
  expect([first.status, first.headers.get('location')]).toEqual([303, '/map?q=fault']);
  const cookie = first.headers.get('set-cookie')!;
  expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  const headers = { cookie: cookie.split(';')[0]! };
  expect((await fetch(`${open.daemon.tcpUrl}/map`, { headers })).status).toBe(200);
  expect((await fetch(`${open.daemon.tcpUrl}/api/traces`, { headers })).status).toBe(200);
  const wrong = await fetch(`${open.daemon.tcpUrl}/?token=wrong`, { redirect: 'manual' });
  expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([403, null]);
  const broken = await fetch(`${open.daemon.tcpUrl}/map`, { headers: { cookie: 'xrayd-token=%E0%A4%A' } });
  expect(broken.status).toBe(403);
});
