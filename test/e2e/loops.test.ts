import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();
const REFUSED = /xrayd sends to itself/;

/** An address that leads to the port of `to`, which is known only when its program has started. */
async function relay(): Promise<{ url: string; to: string }> {
  const target = { url: '', to: '' };
  const server = createServer((socket) => {
    const onward = connect(Number(new URL(target.to).port), '127.0.0.1');
    for (const [from, into] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.on('error', () => into.destroy()).on('close', () => into.destroy());
      from.pipe(into);
    }
    scope.add(() => void socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.add(() => void server.close());
  target.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return target;
}

const args = (endpoint: string): string[] => ['--endpoint', endpoint, '-n', 'us-east-1'];

test('a daemon whose endpoint leads to its own port says so, and counts nothing as sent', async () => {
  const back = await relay();
  const daemon = await scope.daemon({ args: args(back.url), env: EXAMPLE_KEYS });
  back.to = daemon.tcpUrl;
  await daemon.send(...Array.from({ length: 5 }, (_, i) => HEADER + segment(`s${i}`)));
  await eventually(
    async () => ((await daemon.metrics())['xrayd_put_trace_segments_total{outcome="http_508"}'] ?? 0) >= 2,
    30_000,
  );
  expect(ledgerOf(await daemon.metrics())).toMatchObject({ received: 5, sent: 0, here: 5, imbalance: 0 });
  expect(daemon.find(REFUSED)).toMatchObject({
    level: 'error',
    remedy: expect.stringContaining('AWS_ENDPOINT_URL_XRAY') as string,
  });
  const polled = await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
  expect(polled.status).toBe(508);
});

test('daemons that send to each other say so, and the segments do not go round for ever', async () => {
  const back = await relay();
  const first = await scope.daemon({ args: args(back.url), env: EXAMPLE_KEYS });
  const second = await scope.daemon({ args: args(first.tcpUrl), env: EXAMPLE_KEYS });
  back.to = second.tcpUrl;
  await first.send(HEADER + segment('s'));
  await eventually(() => first.find(REFUSED) !== undefined, 30_000);
  const ledger = ledgerOf(await second.metrics());
  expect(ledger).toMatchObject({ received: 1, sent: 0, here: 1 });
});

test('daemons in a row deliver', async () => {
  const xray = await scope.start(new FakeXRay());
  const last = await scope.daemon({ args: args(xray.url), env: EXAMPLE_KEYS });
  const middle = await scope.daemon({ args: args(last.tcpUrl), env: EXAMPLE_KEYS });
  const first = await scope.daemon({ args: args(middle.tcpUrl), env: EXAMPLE_KEYS });
  await first.send(HEADER + segment('s'));
  await eventually(() => xray.documents.length === 1, 30_000);
  const polled = await fetch(`${first.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
  expect(polled.status).toBe(200);
});

test('a local X-Ray whose --tee leads to its own port stores each segment once', async () => {
  const back = await relay();
  const local = await scope.daemon({ args: ['local', '--tee', ...args(back.url)], env: EXAMPLE_KEYS });
  back.to = local.tcpUrl;
  await local.send(HEADER + segment('s'));
  await eventually(() => local.find(REFUSED) !== undefined, 30_000);
  expect(ledgerOf(await local.metrics())).toMatchObject({ received: 1, sent: 1 });
});
