import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const local = (): Promise<DaemonProcess> => scope.daemon({ args: ['local'] });

test('the trace of xrayd send appears, with the ID that it prints', async () => {
  const daemon = await local();
  const sender = scope.spawn({ args: ['send', '--to', `127.0.0.1:${daemon.udpPort}`], hasFreePorts: false });
  expect(await sender.end()).toEqual({ code: 0, signal: null });
  const traceId = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(sender.stdout)?.[0];
  expect(traceId).toBeDefined();
  await eventually(() => daemon.stdout.split(traceId!).length === 3);
});

test('xrayd send reports that nothing listens', async () => {
  const sender = scope.spawn({ args: ['send', '--to', '127.0.0.1:9'], hasFreePorts: false });
  expect(await sender.end()).toEqual({ code: 1, signal: null });
  expect(sender.stderr).toBe(
    'xrayd: cannot send to UDP 127.0.0.1:9: nothing listens there. Start a daemon, for example: xrayd local\n',
  );
});

test('xrayd send names a host that cannot be resolved', async () => {
  const sender = scope.spawn({ args: ['send', '--to', 'nope.invalid:2000'], hasFreePorts: false });
  expect(await sender.end()).toEqual({ code: 1, signal: null });
  expect(sender.stderr).toMatch(
    /^xrayd: cannot send to UDP nope\.invalid:2000: (getaddrinfo \w+ nope\.invalid|looking up nope\.invalid: no answer within 5 s)\n$/,
  );
});

test('xrayd send reads AWS_XRAY_DAEMON_ADDRESS as the SDKs do', async () => {
  const daemon = await local();
  const env = { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:127.0.0.1:${daemon.udpPort}` };
  const sender = scope.spawn({ args: ['send'], env, hasFreePorts: false });
  expect(await sender.end()).toEqual({ code: 0, signal: null });
});

test('xrayd send --confirm waits until the daemon has counted the segments, and fails if another daemon listens', async () => {
  const [daemon, other] = [await local(), await local()];
  const send = (http: string): DaemonProcess =>
    scope.spawn({ args: ['send', '--to', `localhost:${daemon.udpPort}`, '--confirm', http], hasFreePorts: false });
  const good = send(new URL(daemon.httpUrl).host);
  expect((await good.end()).code, good.stderr).toBe(0);
  expect(good.stdout).toMatch(/^sent trace .*; the daemon at .* has counted 2 more segments\n$/);
  const wrong = send(new URL(other.httpUrl).host);
  expect((await wrong.end()).code).toBe(1);
  expect(wrong.stderr).toMatch(
    /^xrayd: of 2 segments sent to UDP .*, the daemon at .* counted 0\. Is it the same daemon/,
  );
  const none = send('127.0.0.1:9');
  expect((await none.end()).code).toBe(1);
  expect(none.stderr).toMatch(/^xrayd: cannot read http:.*:9\/metrics: .*--confirm takes/);
});

test('xrayd send --confirm starts over if a rolling update sent the segments to one daemon and the scrape to another', async () => {
  const [leaving, next] = [await local(), await local()];
  await next.send(HEADER + segment('a'), HEADER + segment('b'));
  await eventually(async () => (await next.metrics())['xrayd_segments_received_total'] === 2);
  let asked = 0;
  const service = createServer((_request, response) => {
    const url = `${(asked++ === 0 ? leaving : next).httpUrl}/metrics`;
    void fetch(url).then(async (answer) => response.end(await answer.text()));
  });
  await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
  scope.add(() => service.close());
  const { port } = service.address() as AddressInfo;
  const sender = scope.spawn({
    args: ['send', '--to', `127.0.0.1:${next.udpPort}`, '--confirm', `127.0.0.1:${port}`],
    hasFreePorts: false,
  });
  expect((await sender.end()).code, sender.stderr).toBe(0);
  expect(sender.stdout).toMatch(/has counted 2 more segments\n$/);
});
