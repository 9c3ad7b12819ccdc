import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { selfSigned } from '../fakes/certificate.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeHttpProxy } from '../fakes/http-proxy.ts';
import { FakeImds } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();
const HOST = 'xray.eu-west-1.amazonaws.com';

test('HTTPS_PROXY: reaches X-Ray and the regional STS with CONNECT, but instance metadata and loopback directly', async () => {
  const tls = await selfSigned(HOST);
  const xray = await scope.start(new FakeXRay({ tls, region: 'eu-west-1' }));
  const imds = await scope.start(new FakeImds());
  const proxy = await scope.start(new FakeHttpProxy({ [`${HOST}:443`]: xray.port }));
  const ca = join(scope.folder(), 'ca.pem');
  writeFileSync(ca, tls.cert);
  const metadata = { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' };
  const daemon = await scope.daemon({
    args: ['-n', 'eu-west-1'],
    env: { ...EXAMPLE_KEYS, ...metadata, HTTPS_PROXY: proxy.url, AWS_CA_BUNDLE: ca },
  });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length === 1);
  expect((await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST' })).status).toBe(200);
  await daemon.stop();
  expect(new Set(proxy.asked)).toEqual(new Set([`${HOST}:443`, 'sts.eu-west-1.amazonaws.com:443']));
  expect(imds.requests.length).toBeGreaterThan(0);
});

test('-p accepts host:port and a user; an untrusted certificate keeps the segments back, and --no-verify-ssl accepts it', async () => {
  const xray = await scope.start(new FakeXRay({ tls: await selfSigned(HOST), region: 'eu-west-1' }));
  const proxy = await scope.start(new FakeHttpProxy({ [`${HOST}:443`]: xray.port }));
  const address = proxy.url.replace('http://', 'user:secret@');
  const strict = await scope.daemon({ args: ['-n', 'eu-west-1', '-p', address], env: EXAMPLE_KEYS });
  await strict.send(HEADER + segment('a'));
  await eventually(async () => ((await strict.metrics())['xrayd_put_trace_segments_total{outcome="tls"}'] ?? 0) > 0);
  expect(ledgerOf(await strict.metrics()).here).toBe(1);
  const lax = await scope.daemon({ args: ['-n', 'eu-west-1', '-p', address, '--no-verify-ssl'], env: EXAMPLE_KEYS });
  await lax.send(HEADER + segment('b'));
  await eventually(() => xray.documents.length === 1);
  expect(proxy.authorizations).toContain(`Basic ${Buffer.from('user:secret').toString('base64')}`);
  expect(lax.find(/certificates are not verified/)).toMatchObject({ level: 'warn' });
  expect(`${strict.stdout}${lax.stdout}`).not.toContain('secret');
});
