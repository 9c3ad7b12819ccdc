import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeContainerCredentials, FakeSts } from '../fakes/identity.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_CREDENTIALS, EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

// Which of several places counts. Source: aws-sdk-go-v2, config/resolve_credentials.go, which the reference daemon
// uses.
const scope = new Scope();

function start(xray: FakeXRay, env: Readonly<Record<string, string>>): Promise<DaemonProcess> {
  return scope.daemon({ args: ['--endpoint', xray.url, '-n', xray.region], env });
}

/** A folder with this as AWS's configuration. */
function homeWith(config: string): string {
  const home = scope.folder();
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws/config'), config);
  return home;
}

async function expectUpload(daemon: DaemonProcess, xray: FakeXRay): Promise<void> {
  const before = xray.documents.length;
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length > before, 20_000, 'no document arrived');
}

test('environment: Go’s other variable names come before a profile that AWS_PROFILE names', async () => {
  const xray = await scope.start(new FakeXRay());
  const home = homeWith('[profile team]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=other\n');
  const keys = { AWS_ACCESS_KEY: EXAMPLE_CREDENTIALS.accessKeyId, AWS_SECRET_KEY: EXAMPLE_CREDENTIALS.secretAccessKey };
  for (const env of [keys, EXAMPLE_KEYS, { ...keys, AWS_ACCESS_KEY_ID: EXAMPLE_KEYS.AWS_ACCESS_KEY_ID }]) {
    const daemon = await start(xray, { ...env, HOME: home, AWS_PROFILE: 'team' });
    await expectUpload(daemon, xray);
    expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'environment' });
  }
});

test('environment: keys are used whatever is in AWS_CREDENTIAL_EXPIRATION, which Go does not read', async () => {
  const xray = await scope.start(new FakeXRay());
  for (const AWS_CREDENTIAL_EXPIRATION of ['never', '2001-02-03T04:05:06Z']) {
    const daemon = await start(xray, { ...EXAMPLE_KEYS, AWS_CREDENTIAL_EXPIRATION });
    await expectUpload(daemon, xray);
  }
});

test('profile: skips a profile that has only a region, and asks the container', async () => {
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 'Basic abc';
  const xray = await scope.start(new FakeXRay({ credentials: agent.issued }));
  const home = homeWith('[profile team]\nregion=eu-west-1\n');
  const AWS_CONTAINER_CREDENTIALS_FULL_URI = `${agent.url}/v1/credentials`;
  const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN: agent.token, HOME: home };
  const daemon = await start(xray, { ...env, AWS_PROFILE: 'team' });
  await expectUpload(daemon, xray);
  expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'container (ECS, EKS Pod Identity)' });
  // One that is not there is a mistake, which another identity would hide.
  const other = await start(xray, { ...env, AWS_PROFILE: 'taem' });
  await eventually(() => other.find(/no AWS credentials/) !== undefined);
  expect(JSON.stringify(other.find(/no AWS credentials/))).toContain('profile taem');
});

test('profile: assumes a role without a source with the keys of its profile, or with the container’s credentials', async () => {
  const sts = await scope.start(new FakeSts());
  const agent = await scope.start(new FakeContainerCredentials());
  agent.token = 'Basic abc';
  sts.callers = [EXAMPLE_CREDENTIALS];
  // It takes nothing that is signed without the role.
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const role = '[default]\nrole_arn=arn:aws:iam::123456789012:role/app\n';
  const keys = `aws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`;
  const own = await start(xray, { HOME: homeWith(role + keys), AWS_ENDPOINT_URL_STS: sts.url });
  await expectUpload(own, xray);
  sts.callers = agent.issued;
  const AWS_CONTAINER_CREDENTIALS_FULL_URI = `${agent.url}/v1/credentials`;
  const container = { AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN: agent.token };
  const daemon = await start(xray, { ...container, HOME: homeWith(role), AWS_ENDPOINT_URL_STS: sts.url });
  await expectUpload(daemon, xray);
}, 60_000);

test('profile: assumes a role with the keys of the same profile, whatever else it names; its name may have a space', async () => {
  const sts = await scope.start(new FakeSts());
  sts.callers = [EXAMPLE_CREDENTIALS];
  // It takes nothing that is signed without the role.
  const xray = await scope.start(new FakeXRay({ credentials: sts.issued }));
  const keys = `aws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`;
  for (const source of [
    'credential_source=EcsContainer',
    'web_identity_token_file=/nowhere',
    'source_profile=my team',
  ]) {
    const home = homeWith(`[profile my team]\nrole_arn=arn:aws:iam::123456789012:role/app\n${keys}${source}\n`);
    const daemon = await start(xray, { HOME: home, AWS_PROFILE: 'my team', AWS_ENDPOINT_URL_STS: sts.url });
    await expectUpload(daemon, xray);
    expect(daemon.find(/credentials found/), source).toMatchObject({ provider: 'profile my team' });
  }
}, 60_000);
