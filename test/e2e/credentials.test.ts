import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeContainerCredentials, FakeEcsMetadata, FakeImds, FakeSso, FakeSts } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_CREDENTIALS, EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

// Each path goes through the SDK's own provider, from the environment that a person sets to a signature that the fake
// X-Ray verifies.
const scope = new Scope();
const APP_ROLE = 'arn:aws:iam::123456789012:role/app';

function start(
  xray: FakeXRay,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<DaemonProcess> {
  return scope.daemon({ args: ['--endpoint', xray.url, '-n', xray.region, ...args], env });
}

async function expectUpload(daemon: DaemonProcess, xray: FakeXRay, name = 'a'): Promise<void> {
  const before = xray.documents.length;
  await daemon.send(HEADER + segment(name));
  await eventually(() => xray.documents.length > before, 20_000, 'no document arrived');
}

test('environment: keys in variables', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await start(xray, EXAMPLE_KEYS);
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'environment', expires: 'never' });
});

test('environment: the log has the identity that STS returns for the keys', async () => {
  const xray = await scope.start(new FakeXRay());
  const sts = await scope.start(new FakeSts());
  sts.callers = [EXAMPLE_CREDENTIALS];
  const daemon = await start(xray, { ...EXAMPLE_KEYS, AWS_ENDPOINT_URL_STS: sts.url });
  await eventually(() => daemon.find(/credentials found/) !== undefined);
  expect(daemon.find(/credentials found/)).toMatchObject({
    account: '123456789012',
    role: 'arn:aws:iam::123456789012:user/dev',
  });
});

test('profile: keys in the credentials file, chosen by AWS_PROFILE', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = scope.folder();
  mkdirSync(join(home, '.aws'));
  writeFileSync(
    join(home, '.aws/credentials'),
    `[team]\naws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`,
  );
  const daemon = await start(xray, { HOME: home, AWS_PROFILE: 'team' });
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'profile team' });
});

test('profile: finds a replaced key in the file without a restart', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = scope.folder();
  const file = join(home, 'credentials');
  const write = (id: string): void =>
    writeFileSync(
      file,
      `[default]\naws_access_key_id=${id}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`,
    );
  write('AKIADEACTIVATED00000');
  const daemon = await start(xray, { AWS_SHARED_CREDENTIALS_FILE: file });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => daemon.find(/the credentials or their signature are not accepted/) !== undefined, 20_000);
  write(EXAMPLE_KEYS.AWS_ACCESS_KEY_ID);
  await eventually(() => xray.documents.length > 0, 60_000, 'no document arrived');
}, 100_000);

test('profile: credential_process', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = scope.folder();
  const output = JSON.stringify({
    Version: 1,
    AccessKeyId: EXAMPLE_KEYS.AWS_ACCESS_KEY_ID,
    SecretAccessKey: EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY,
  });
  writeFileSync(join(home, 'output.json'), output);
  writeFileSync(join(home, 'config'), `[default]\ncredential_process=cat ${join(home, 'output.json')}\n`);
  const daemon = await start(xray, { AWS_CONFIG_FILE: join(home, 'config') });
  await expectUpload(daemon, xray);
});

test('profile: a credential_process may write any amount to stderr, whose last line says why it failed', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = scope.folder();
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } = EXAMPLE_CREDENTIALS;
  writeFileSync(join(home, 'output.json'), JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  const noise = "head -c 2000000 /dev/zero | tr '\\0' x >&2";
  const settings = (then: string): string => `[default]\ncredential_process=sh -c "${noise}; ${then}"\n`;
  writeFileSync(join(home, 'config'), settings(`cat ${join(home, 'output.json')}`));
  await expectUpload(await start(xray, { AWS_CONFIG_FILE: join(home, 'config') }), xray);
  writeFileSync(join(home, 'config'), settings('echo >&2; echo no such profile >&2; exit 3'));
  const failing = await start(xray, { AWS_CONFIG_FILE: join(home, 'config') });
  await eventually(() => failing.find(/no AWS credentials/) !== undefined);
  expect(JSON.stringify(failing.find(/no AWS credentials/))).toContain('exited with code 3: no such profile');
});

test('profile: credential_process, with member names in another case and an expiration in the past', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = scope.folder();
  const ends = { expiration: '2001-01-01T00:00:00Z' };
  const { accessKeyId: accesskeyid, secretAccessKey: SecretAccesskey } = EXAMPLE_CREDENTIALS;
  const output = JSON.stringify({ version: 1, accesskeyid, SecretAccesskey, ...ends });
  writeFileSync(join(home, 'output.json'), output);
  writeFileSync(join(home, 'config'), `[default]\ncredential_process=cat ${join(home, 'output.json')}\n`);
  const daemon = await start(xray, { AWS_CONFIG_FILE: join(home, 'config') });
  await expectUpload(daemon, xray);
});

test('profile: role_arn with source_profile', async () => {
  const sts = await scope.start(new FakeSts());
  sts.callers = [EXAMPLE_CREDENTIALS];
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const home = scope.folder();
  const base = `[base]\naws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`;
  writeFileSync(join(home, 'credentials'), `${base}[default]\nrole_arn=${APP_ROLE}\nsource_profile=base\n`);
  const daemon = await start(xray, {
    AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await expectUpload(daemon, xray);
});

test('profile: SSO with an sso-session', async () => {
  const sso = await scope.start(new FakeSso());
  sso.accessToken = 'sso-access-token';
  const xray = await scope.start(new FakeXRay({ credentials: sso.issued }));
  const home = scope.folder();
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  const session =
    '[sso-session corp]\nsso_region=us-east-1\nsso_start_url=https://corp.awsapps.com/start\nsso_registration_scopes=sso:account:access\n';
  writeFileSync(
    join(home, '.aws/config'),
    `${session}[profile dev]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=dev\n`,
  );
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const token = {
    accessToken: sso.accessToken,
    expiresAt,
    region: 'us-east-1',
    startUrl: 'https://corp.awsapps.com/start',
  };
  writeFileSync(join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`), JSON.stringify(token));
  const daemon = await start(xray, { HOME: home, AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_SSO: sso.url });
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'profile dev' });
});

test('IRSA: exchanges the web identity token, and reads it again after kubelet has rotated it', async () => {
  const sts = await scope.start(new FakeSts());
  // Below the five minutes at which credentials are renewed, so that each call asks again.
  sts.lifetimeMs = 120_000;
  sts.webIdentityToken = 'token-of-today';
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const tokenFile = join(scope.folder(), 'token');
  writeFileSync(tokenFile, 'token-of-today');
  const daemon = await start(xray, {
    AWS_ROLE_ARN: APP_ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await expectUpload(daemon, xray, 'first');
  expect(daemon.find(/credentials found/)).toMatchObject({
    provider: 'web identity (IRSA)',
    role: APP_ROLE,
    account: '123456789012',
  });
  sts.webIdentityToken = 'token-of-tomorrow';
  writeFileSync(tokenFile, 'token-of-tomorrow');
  const issued = sts.issued.length;
  // A use of credentials that end soon renews them, at most every few seconds.
  await eventually(async () => {
    await expectUpload(daemon, xray, 'second');
    return sts.issued.length > issued;
  }, 25_000);
  await expectUpload(daemon, xray, 'third');
  expect(sts.requests.at(-1)?.body.toString()).toContain('token-of-tomorrow');
  const key = (request: { headers: Readonly<Record<string, string>> }): string =>
    /Credential=([^/]+)/.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
  expect(new Set(xray.calls('/TraceSegments').map(key)).size).toBeGreaterThan(1);
  expect((await daemon.metrics())['xrayd_credentials_expiry_timestamp_seconds']).toBeGreaterThan(Date.now() / 1000);
});

test('EKS Pod Identity: sends the current token in the file to the agent', async () => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.lifetimeMs = 120_000;
  agent.token = 'pod-token-1';
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued }));
  const sts = await scope.start(new FakeSts());
  sts.callers = agent.issued;
  const tokenFile = join(scope.folder(), 'eks-pod-identity-token');
  writeFileSync(tokenFile, agent.token);
  const daemon = await start(xray, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await expectUpload(daemon, xray, 'first');
  expect(daemon.find(/credentials found/)).toMatchObject({
    provider: 'container (ECS, EKS Pod Identity)',
    account: '123456789012',
  });
  agent.token = 'pod-token-2';
  writeFileSync(tokenFile, agent.token);
  const issued = agent.issued.length;
  await eventually(async () => {
    await expectUpload(daemon, xray, 'second');
    return agent.issued.length > issued;
  }, 25_000);
});

test('ECS: sends the token in the variable to the agent, and takes the region from the task', async () => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 'Basic abc';
  const metadata = await scope.start(new FakeEcsMetadata());
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued, region: 'ap-southeast-2' }));
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: agent.token,
    ECS_CONTAINER_METADATA_URI_V4: `${metadata.url}/v4/abc`,
  };
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url], env });
  await expectUpload(daemon, xray);
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'ap-southeast-2', from: 'ECS metadata' });
});

test('EC2: credentials and region from IMDSv2', async () => {
  const imds = await scope.start(new FakeImds());
  const xray = await scope.start(new FakeXRay({ credentials: imds.issued, region: 'eu-central-1' }));
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' };
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url], env });
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'instance metadata (IMDSv2)' });
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'eu-central-1', from: 'instance metadata' });
  await daemon.stop();
  expect(JSON.parse(xray.calls('/TelemetryRecords').at(-1)!.body.toString())).toMatchObject({
    EC2InstanceId: 'i-0123456789abcdef0',
    Hostname: 'ip-10-0-0-1.ec2.internal',
  });
});

test('-r: assumes the role with external ID and session name', async () => {
  const sts = await scope.start(new FakeSts());
  sts.callers = [EXAMPLE_CREDENTIALS];
  sts.externalId = 'ext-1';
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const role = 'arn:aws:iam::999999999999:role/xray';
  const daemon = await start(xray, { ...EXAMPLE_KEYS, AWS_ENDPOINT_URL_STS: sts.url }, [
    '-r',
    role,
    '--role-external-id',
    'ext-1',
  ]);
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ role, account: '999999999999' });
  expect(new URLSearchParams(sts.requests[0]!.body.toString()).get('RoleSessionName')).toBe('xray-daemon');
});

test('no credentials: reports each provider’s reason once, keeps the segments, and sends them when credentials appear', async () => {
  const sts = await scope.start(new FakeSts());
  sts.webIdentityToken = 'late';
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const tokenFile = join(scope.folder(), 'token');
  const daemon = await start(xray, {
    AWS_ROLE_ARN: APP_ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await daemon.send(...Array.from({ length: 60 }, (_, i) => HEADER + segment(`s${i}`)));
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined);
  expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
  const sampling = await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
  expect(sampling.status).toBe(503);
  expect(((await sampling.json()) as { Message: string }).Message).toContain('no AWS credentials');
  expect(xray.requests).toEqual([]);
  writeFileSync(tokenFile, 'late');
  await eventually(() => xray.documents.length === 60, 20_000);
  expect(daemon.log.filter(({ msg }) => msg.startsWith('no AWS credentials'))).toHaveLength(1);
});

test('an empty token file is named, and STS is not asked with it', async () => {
  const sts = await scope.start(new FakeSts());
  const tokenFile = join(scope.folder(), 'token');
  writeFileSync(tokenFile, '\n');
  const daemon = await start(await scope.start(new FakeXRay()), {
    AWS_ROLE_ARN: APP_ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined);
  expect(daemon.find(/no AWS credentials/)?.['tried']).toContain(
    `web identity (IRSA): the token file ${tokenFile} is empty`,
  );
  expect(sts.requests).toEqual([]);
});

test('no credentials at all: the log line names all five places', async () => {
  const xray = await scope.start(new FakeXRay());
  const daemon = await start(xray, {});
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined);
  const tried = daemon.find(/no AWS credentials/)?.['tried'] as string[];
  expect(tried).toHaveLength(5);
  expect(tried[0]).toBe('environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set');
  expect(tried[1]).toBe('web identity (IRSA): AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are not set');
  expect(tried[2]).toMatch(
    /^profile default: \/nonexistent\/\.aws\/credentials does not exist, \/nonexistent\/\.aws\/config does not exist \(uid \d+\)$/,
  );
  expect(tried[3]).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI are not set');
  expect(tried[4]).toBe('instance metadata (IMDSv2): switched off by AWS_EC2_METADATA_DISABLED');
});

test('does not skip a configured provider that fails, because the next one has another identity', async () => {
  const imds = await scope.start(new FakeImds());
  const sts = await scope.start(new FakeSts());
  sts.webIdentityToken = 'another';
  const xray = await scope.start(new FakeXRay());
  const tokenFile = join(scope.folder(), 'token');
  writeFileSync(tokenFile, 'stale');
  const identity = { AWS_ROLE_ARN: APP_ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile, AWS_ENDPOINT_URL_STS: sts.url };
  const daemon = await start(xray, {
    ...identity,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url,
    AWS_EC2_METADATA_DISABLED: 'false',
  });
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined);
  expect(imds.requests).toEqual([]);
  expect(JSON.stringify(daemon.log)).not.toContain('stale');
});

test('reports a missing permission once, with the action, the policy and the caller, and keeps the segments', async () => {
  const xray = await scope.start(new FakeXRay());
  xray.denied.add('xray:PutTraceSegments');
  const daemon = await start(xray, EXAMPLE_KEYS);
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.calls('/TraceSegments').length >= 3);
  const hints = daemon.log.filter(({ msg }) => msg.includes('AWSXRayDaemonWriteAccess'));
  expect(hints).toHaveLength(1);
  expect(hints[0]).toMatchObject({
    action: 'xray:PutTraceSegments',
    caller: 'arn:aws:sts::123456789012:assumed-role/node/i-0abc',
  });
  xray.denied.clear();
  await eventually(() => xray.documents.length === 1);
});

test('uploads with a role that has only PutTraceSegments and PutTelemetryRecords, and reports the refused sampling calls once', async () => {
  const xray = await scope.start(new FakeXRay());
  for (const action of ['GetSamplingRules', 'GetSamplingTargets', 'GetSamplingStatisticSummaries'])
    xray.denied.add(`xray:${action}`);
  const daemon = await start(xray, EXAMPLE_KEYS);
  for (let i = 0; i < 3; i++) {
    const answer = await fetch(`${daemon.tcpUrl}/GetSamplingRules`, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    await answer.json();
  }
  await expectUpload(daemon, xray);
  expect(daemon.log.filter(({ msg }) => msg.includes('xray:GetSamplingRules'))).toHaveLength(1);
});

test('renews an expired token and delivers the batch', async () => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 't';
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued }));
  let isExpired = true;
  xray.intercept = () =>
    isExpired
      ? { status: 403, headers: { 'x-amzn-errortype': 'ExpiredTokenException' }, body: '{"message":"expired"}' }
      : undefined;
  const daemon = await start(xray, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 't',
  });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => agent.issued.length >= 2);
  isExpired = false;
  await eventually(() => xray.documents.length === 1);
});
