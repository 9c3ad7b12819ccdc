import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { startLocalXRay } from '../../src/compose/library.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { xraydHere } from '../fakes/command.ts';
import type { Ended } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

const shared = Scope.shared();
let daemon: DaemonProcess;
let other: DaemonProcess;
beforeAll(async () => {
  [daemon, other] = await Promise.all([shared.daemon({ args: ['local'] }), shared.daemon({ args: ['local'] })]);
});

test('the trace of xrayd send appears, with the ID that it prints', async () => {
  const sender = scope.spawn({ args: ['send', '--to', `127.0.0.1:${daemon.udpPort}`], hasFreePorts: false });
  expect(await sender.end()).toEqual({ code: 0, signal: null });
  const traceId = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(sender.stdout)?.[0];
  expect(traceId).toBeDefined();
  await eventually(() => daemon.stdout.split(traceId!).length === 3);
});

test('a local X-Ray gets the trace of xrayd send as a segment and as spans, joined by their parent', async () => {
  await using xray = await startLocalXRay();
  const sender = await xraydHere(['send', '--to', xray.daemonAddress]);
  expect(sender.code, sender.stderr).toBe(0);
  const { id } = await xray.waitForTrace(sender.stdout);
  const trace = (await (await fetch(`${xray.url}/api/traces/${id}`)).json()) as { documents: { format: string }[] };
  expect(trace.documents.map(({ format }) => format).sort()).toEqual(['otlp', 'xray']);
  const { segments, summary } = await xray.waitForTrace(id);
  expect(summary).toMatchObject({ HasError: true, EntryPoint: { Name: 'web' } });
  const byName = (name: string) => segments.find((segment) => segment['name'] === name && segment['inferred'] !== true);
  const call = (byName('web')!['subsegments'] as { id: string; name: string }[]).find(({ name }) => name === 'orders');
  expect(byName('orders')).toMatchObject({ parent_id: call!.id });
});

test('a daemon gets the trace of xrayd send as segments only', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  const sender = await xraydHere(['send', '--to', `127.0.0.1:${daemon.udpPort}`]);
  expect(sender.code, sender.stderr).toBe(0);
  await eventually(() => xray.documents.length === 2);
  const names = xray.documents.map((text) => (JSON.parse(text) as { name: string }).name);
  expect(names).toEqual(['web', 'orders']);
});

test('xrayd send --confirm says that X-Ray does not have the segments yet', async () => {
  const xray = await scope.start(new FakeXRay());
  xray.denied.add('xray:PutTraceSegments');
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env: EXAMPLE_KEYS });
  const http = new URL(daemon.httpUrl).host;
  const sender = await xraydHere(['send', '--to', `127.0.0.1:${daemon.udpPort}`, '--confirm', http]);
  expect(sender.code, sender.stderr).toBe(0);
  expect(sender.stdout).toMatch(/counted 2 more segments\. They are received, and not delivered to X-Ray yet/);
});

test('xrayd send --otlp sends all of the trace as spans, and prints its ID in both notations', async () => {
  await using xray = await startLocalXRay();
  for (const url of [xray.url, `${xray.url}/v1/traces`, xray.url.replace('http://', '')]) {
    const sender = await xraydHere(['send', '--otlp', url]);
    expect(sender.code, sender.stderr).toBe(0);
    const [, id, hex] = /^sent trace (\S+) \(OpenTelemetry: ([0-9a-f]{32})\) to (\S+)\n$/.exec(sender.stdout)!;
    const { segments, summary } = await xray.waitForTrace(hex!);
    expect(id).toBe(summary['Id']);
    expect(summary).toMatchObject({
      EntryPoint: { Name: 'web' },
      Annotations: { customer: expect.anything() as unknown },
    });
    expect(segments.map(({ name }) => name)).toEqual(expect.arrayContaining(['web', 'orders', 'DynamoDB']));
  }
});

test('xrayd send --otlp sends to a daemon, whose X-Ray gets segments', async () => {
  const xray = await scope.start(new FakeXRay());
  const args = ['--endpoint', xray.url, '-n', 'us-east-1', '--otlp-http', '127.0.0.1:0', '-l', 'info'];
  const daemon = await scope.daemon({ args, env: EXAMPLE_KEYS });
  await eventually(() => daemon.find(/receiving OTLP over HTTP/) !== undefined);
  const address = String(daemon.find(/receiving OTLP over HTTP/)!['address']);
  const sender = await xraydHere(['send', '--otlp', address]);
  expect(sender.code, sender.stderr).toBe(0);
  await eventually(() => xray.documents.length === 5);
  expect(xray.problems).toEqual([]);
});

test('xrayd send --otlp says why spans were not accepted', async () => {
  const answers = [
    { status: 404, body: '{"code":12,"message":"no traces here"}', said: /: HTTP 404: no traces here\n$/ },
    { status: 502, body: '<h1>bad gateway</h1>', said: /: HTTP 502: <h1>bad gateway<\/h1>\n$/ },
    {
      status: 200,
      body: '<html>log in</html>',
      said: /: what answered is no receiver of OTLP \(a proxy\?\): <html>log in<\/html>\n$/,
    },
    {
      status: 200,
      body: '{"partialSuccess":{"rejectedSpans":"5","errorMessage":"too old"}}',
      said: /: 5 of the spans were rejected: too old\n$/,
    },
  ];
  for (const { status, body, said } of answers) {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    scope.add(() => server.close());
    const { port } = server.address() as AddressInfo;
    const sender = await xraydHere(['send', '--otlp', `127.0.0.1:${port}`]);
    expect(sender.code).toBe(1);
    expect(sender.stderr).toMatch(said);
  }
  const none = await xraydHere(['send', '--otlp=127.0.0.1:9']);
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(
    /^xrayd: cannot send spans to http:\/\/127\.0\.0\.1:9\/v1\/traces: nothing listens there/,
  );
  const both = await xraydHere(['send', '--otlp', '--to', '127.0.0.1:9']);
  expect(both.code).toBe(2);
  expect(both.stderr).toMatch(/--to is not used with --otlp/);
});

test('xrayd send reports that nothing listens', async () => {
  const sender = await xraydHere(['send', '--to', '127.0.0.1:9']);
  expect(sender.code, sender.stderr).toBe(1);
  expect(sender.stderr).toBe(
    'xrayd: cannot send to UDP 127.0.0.1:9: nothing listens there. Start a daemon, for example: xrayd local\n',
  );
});

test('xrayd send names a host that cannot be resolved', async () => {
  const sender = await xraydHere(['send', '--to', 'nope.invalid:2000']);
  expect(sender.code, sender.stderr).toBe(1);
  expect(sender.stderr).toMatch(
    /^xrayd: cannot send to UDP nope\.invalid:2000: (getaddrinfo \w+ nope\.invalid|looking up nope\.invalid: no answer within 5 s)\n$/,
  );
});

test('xrayd send reads AWS_XRAY_DAEMON_ADDRESS as the SDKs do', async () => {
  const env = { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:127.0.0.1:${daemon.udpPort}` };
  const sender = await xraydHere(['send'], { env });
  expect(sender.code, sender.stderr).toBe(0);
  expect(sender.stdout).toMatch(/; UDP gives no answer: .*, add --confirm /);
});

test('xrayd send --confirm waits until the daemon has counted the segments, and fails if another daemon listens', async () => {
  const send = (http: string): Promise<Ended> =>
    xraydHere(['send', '--to', `localhost:${daemon.udpPort}`, '--confirm', http]);
  const good = await send(new URL(daemon.httpUrl).host);
  expect(good.code, good.stderr).toBe(0);
  expect(good.stdout).toMatch(/^sent trace .*; the daemon at .* has counted 2 more segments, and delivered as many\n$/);
  const wrong = await send(new URL(other.httpUrl).host);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toMatch(
    /^xrayd: of 2 segments sent to UDP .*, the daemon at .* counted 0\. Is it the same daemon/,
  );
  const none = await send('127.0.0.1:9');
  expect(none.code).toBe(1);
  expect(none.stderr).toMatch(/^xrayd: cannot read http:.*:9\/metrics: .*--confirm takes/);
});

test('xrayd send --confirm starts over if a rolling update sent the segments to one daemon and the scrape to another', async () => {
  const [leaving, next] = [other, daemon];
  const received = async (): Promise<number> => (await next.metrics())['xrayd_segments_received_total']!;
  const before = await received();
  await next.send(HEADER + segment('a'), HEADER + segment('b'));
  await eventually(async () => (await received()) === before + 2);
  let asked = 0;
  const service = createServer((_request, response) => {
    const url = `${(asked++ === 0 ? leaving : next).httpUrl}/metrics`;
    void fetch(url).then(async (answer) => response.end(await answer.text()));
  });
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
  scope.add(() => service.close());
  const { port } = service.address() as AddressInfo;
  const sender = await xraydHere(['send', '--to', `127.0.0.1:${next.udpPort}`, '--confirm', `127.0.0.1:${port}`]);
  expect(sender.code, sender.stderr).toBe(0);
  expect(sender.stdout).toMatch(/has counted 2 more segments, and delivered as many\n$/);
});
