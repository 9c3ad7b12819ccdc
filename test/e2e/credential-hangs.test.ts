import { createHash } from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeContainerCredentials, FakeImds, FakeSso, FakeSts } from '../fakes/identity.ts';
import { scopedTest, type Scope } from '../fakes/scope.ts';
import { SilentPipe } from '../fakes/silent-pipe.ts';
import { EXAMPLE_CREDENTIALS, EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { PROGRAM } from '../fakes/program.ts';

// Each provider takes its first calls and never answers them; every later one would be answered. All of it is waiting.
const test = scopedTest.concurrent;
const APP_ROLE = 'arn:aws:iam::123456789012:role/app';
const FAILURES = 'xrayd_credentials_refresh_failures_total';

interface Setting {
  readonly xray: FakeXRay;
  readonly env: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A segment sent while the provider hangs arrives when it answers, and the daemon is alive and ready all the time. */
async function expectDelivery(scope: Scope, { xray, env, args = [] }: Setting): Promise<DaemonProcess> {
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', xray.region, ...args], env });
  await daemon.send(HEADER + segment('a'));
  await eventually(
    async () => {
      expect((await fetch(`${daemon.httpUrl}/readyz`, { signal: AbortSignal.timeout(20_000) })).status).toBe(200);
      return xray.documents.length === 1;
    },
    60_000,
    'no document arrived',
  );
  const { xrayd_segments_sent_total: sent, xrayd_segments_received_total: received } = await daemon.metrics();
  expect([sent, received]).toEqual([1, 1]);
  return daemon;
}

/** Where a part says how it is. */
async function credentialsOf(daemon: DaemonProcess): Promise<{ state: string; reason: string }> {
  const { parts } = (await (await fetch(`${daemon.httpUrl}/readyz`)).json()) as {
    parts: { name: string; state: string; reason: string }[];
  };
  return parts.find(({ name }) => name === 'credentials')!;
}

test('STS never answers the first web identity calls: a later call succeeds', async ({ scope }) => {
  const sts = await scope.start(new FakeSts());
  sts.webIdentityToken = 'token';
  // Those of one attempt, the SDK's own second try included.
  sts.hangs = 2;
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const file = join(scope.folder(), 'token');
  writeFileSync(file, 'token');
  const env = { AWS_ROLE_ARN: APP_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ENDPOINT_URL_STS: sts.url };
  const daemon = await expectDelivery(scope, { xray, env });
  expect(daemon.find(/does not answer/)).toMatchObject({ level: 'warn', provider: 'web identity (IRSA)' });
  expect((await daemon.metrics())[`${FAILURES}{provider="web_identity",reason="timeout"}`]).toBe(1);
});

test('STS never answers at all: /readyz is degraded with the reason, calls are occasional, and no connections pile up', async ({
  scope,
}) => {
  const sts = await scope.start(new FakeSts());
  sts.hangs = Infinity;
  const xray = await scope.start(new FakeXRay());
  const file = join(scope.folder(), 'token');
  writeFileSync(file, 'token');
  const env = { AWS_ROLE_ARN: APP_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ENDPOINT_URL_STS: sts.url };
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url, '-n', 'us-east-1'], env });
  await eventually(async () => (await credentialsOf(daemon)).state === 'degraded', 20_000);
  expect((await credentialsOf(daemon)).reason).toContain('web identity (IRSA): timed out: no answer within 10 s');
  await eventually(() => sts.requests.length >= 4, 30_000);
  expect(await sts.connections()).toBeLessThanOrEqual(2);
  const started = performance.now();
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - started).toBeLessThan(5_000);
});

const canUnshare = spawnSync('unshare', ['--net', '--mount', 'true']).status === 0;
const noNamespaces = canUnshare ? '' : ' (skipped: this process may not make network namespaces)';

scopedTest.skipIf(!canUnshare)(
  `a name server that never answers does not keep the daemon from ending${noNamespaces}`,
  async ({ scope }) => {
    const folder = scope.folder();
    writeFileSync(join(folder, 'token'), 'token');
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 10.99.0.9\noptions timeout:20 attempts:2\n');
    // A cable with nobody at the other end, to whom packets are sent all the same.
    const cable =
      'ip link add one type veth peer name other; ip link set other up; ip link set one up; ip addr add 10.99.0.1/24 dev one';
    const network = `ip link set lo up; ${cable}; ip neigh add 10.99.0.9 lladdr 02:00:00:00:00:01 dev one`;
    const shell = `${network}; mount --bind '${folder}/resolv.conf' /etc/resolv.conf; exec "$@"`;
    const command = ['unshare', '--net', '--mount', 'sh', '-c', shell, 'sh', ...PROGRAM];
    const env = { AWS_ROLE_ARN: APP_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token') };
    const daemon = await scope.daemon({ command, args: ['-n', 'us-east-1'], env });
    const looksUp = (): boolean => readFileSync(`/proc/${daemon.pid}/net/udp`, 'latin1').includes(' 0900630A:0035 ');
    await eventually(looksUp);
    const started = performance.now();
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(10_000);
  },
);

test('recovers if the container agent never answers the first call', async ({ scope }) => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 't';
  agent.hangs = 1;
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued }));
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 't',
  };
  await expectDelivery(scope, { xray, env });
});

test('recovers if instance metadata never answers the first calls', async ({ scope }) => {
  const imds = await scope.start(new FakeImds());
  imds.hangs = 3;
  const xray = await scope.start(new FakeXRay({ credentials: imds.issued }));
  await expectDelivery(scope, {
    xray,
    env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' },
  });
});

test('-r: recovers if STS never answers the first call for the role', async ({ scope }) => {
  const sts = await scope.start(new FakeSts());
  sts.callers = [EXAMPLE_CREDENTIALS];
  sts.hangs = 1;
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  await expectDelivery(scope, {
    xray,
    env: { ...EXAMPLE_KEYS, AWS_ENDPOINT_URL_STS: sts.url },
    args: ['-r', 'arn:aws:iam::999999999999:role/xray'],
  });
});

/** A profile `dev` whose token is in the cache of `aws sso login`. */
async function loggedIn(scope: Scope) {
  const sso = await scope.start(new FakeSso());
  sso.accessToken = 'sso-access-token';
  const xray = await scope.start(new FakeXRay({ credentials: sso.issued }));
  const home = scope.folder();
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  const session = '[sso-session corp]\nsso_region=us-east-1\nsso_start_url=https://corp.awsapps.com/start\n';
  writeFileSync(
    join(home, '.aws/config'),
    `${session}[profile dev]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=dev\n`,
  );
  const token = JSON.stringify({
    accessToken: sso.accessToken,
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    region: 'us-east-1',
  });
  const file = join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`);
  writeFileSync(file, token);
  return { sso, xray, file, token, env: { HOME: home, AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_SSO: sso.url } };
}

test('recovers if SSO never answers the first call', async ({ scope }) => {
  const { sso, xray, env } = await loggedIn(scope);
  sso.hangs = 1;
  await expectDelivery(scope, { xray, env });
});

test('recovers if the SSO cache hangs like a disk, within seconds, because the profile has no process', async ({
  scope,
}) => {
  const { xray, file, token, env } = await loggedIn(scope);
  rmSync(file);
  const pipe = new SilentPipe(scope, file);
  const delivery = expectDelivery(scope, { xray, env });
  await pipe.becomesFile(token);
  const daemon = await delivery;
  expect(daemon.find(/does not answer/)).toMatchObject({
    provider: 'profile dev',
    reason: 'timed out: no answer within 20 s',
  });
});

test.for(['AWS_WEB_IDENTITY_TOKEN_FILE', 'web_identity_token_file of a profile'])(
  'recovers if %s is first a pipe without a writer',
  async (where, { scope }) => {
    const sts = await scope.start(new FakeSts());
    sts.webIdentityToken = 'token';
    const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
    const folder = scope.folder();
    const file = join(folder, 'token');
    const pipe = new SilentPipe(scope, file);
    writeFileSync(join(folder, 'config'), `[default]\nrole_arn=${APP_ROLE}\nweb_identity_token_file = ${file}\n`);
    const env = where.startsWith('AWS')
      ? { AWS_ROLE_ARN: APP_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ENDPOINT_URL_STS: sts.url }
      : { AWS_CONFIG_FILE: join(folder, 'config'), AWS_ENDPOINT_URL_STS: sts.url };
    const delivery = expectDelivery(scope, { xray, env });
    await pipe.becomesFile('token');
    await delivery;
  },
);

test('recovers if the container agent’s token file is first a pipe without a writer', async ({ scope }) => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 't';
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued }));
  const file = join(scope.folder(), 'token');
  const pipe = new SilentPipe(scope, file);
  const delivery = expectDelivery(scope, {
    xray,
    env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    },
  });
  await pipe.becomesFile('t');
  await delivery;
});

test.for(['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'])(
  'finds region, endpoint and other providers if %s is a pipe without a writer',
  async (name, { scope }) => {
    const imds = await scope.start(new FakeImds());
    const xray = await scope.start(new FakeXRay({ credentials: imds.issued, region: imds.region }));
    const file = join(scope.folder(), 'file');
    execFileSync('mkfifo', [file]);
    const env = { [name]: file, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' };
    const daemon = await scope.daemon({ args: ['--endpoint', xray.url], env });
    await daemon.send(HEADER + segment('a'));
    await eventually(() => xray.documents.length === 1, 30_000);
    expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  },
);

test('kills a credential_process that never ends, with its children, and the daemon stops in time', async ({
  scope,
}) => {
  const xray = await scope.start(new FakeXRay());
  const folder = scope.folder();
  const pids = join(folder, 'pids');
  const script = join(folder, 'helper.sh');
  writeFileSync(script, `#!/bin/sh\nsleep 1000 &\necho $$ $! > ${pids}\nwait\n`, { mode: 0o755 });
  writeFileSync(join(folder, 'config'), `[default]\ncredential_process=${script}\n`);
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url, '-n', 'us-east-1'],
    env: { AWS_CONFIG_FILE: join(folder, 'config') },
  });
  await eventually(() => existsSync(pids) && readFileSync(pids, 'utf8').includes(' '));
  const isRunning = (pid: string): boolean => existsSync(`/proc/${pid}`);
  const started = readFileSync(pids, 'utf8').trim().split(' ');
  scope.add(() => {
    for (const pid of started) if (isRunning(pid)) process.kill(Number(pid), 'SIGKILL');
  });
  expect(started.every(isRunning)).toBe(true);
  expect(await daemon.stop()).toEqual({ code: 0, signal: null });
  await eventually(() => !started.some(isRunning), 5_000, 'its processes have not ended');
});

test('accepts the output of a credential_process that leaves an agent behind, which keeps the output open', async ({
  scope,
}) => {
  const xray = await scope.start(new FakeXRay());
  const folder = scope.folder();
  const pid = join(folder, 'pid');
  const script = join(folder, 'helper.sh');
  const answer = {
    Version: 1,
    AccessKeyId: EXAMPLE_CREDENTIALS.accessKeyId,
    SecretAccessKey: EXAMPLE_CREDENTIALS.secretAccessKey,
  };
  writeFileSync(script, `#!/bin/sh\nsleep 1000 &\necho $! > ${pid}\necho '${JSON.stringify(answer)}'\n`, {
    mode: 0o755,
  });
  writeFileSync(join(folder, 'config'), `[default]\ncredential_process=${script}\n`);
  scope.add(() => {
    if (existsSync(pid)) process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  });
  await expectDelivery(scope, { xray, env: { AWS_CONFIG_FILE: join(folder, 'config') } });
  expect(existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`)).toBe(true);
});
