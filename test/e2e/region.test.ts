import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findDestination, type Destination } from '../../src/compose/xray-connection.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { mergeConfig } from '../../src/config/load.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { FakeImds } from '../fakes/identity.ts';
import { MemoryLog } from '../fakes/log.ts';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const scope = new Scope();

/** Where a daemon would send, without a process for each. */
async function destination(
  args: string[],
  env: Record<string, string>,
): Promise<{ found: Destination; log: MemoryLog }> {
  const log = new MemoryLog();
  const commandLine = { ...parseFlags(args), command: 'daemon' as const };
  const found = await findDestination(mergeConfig({ commandLine, env, file: undefined }), env, log);
  return { found, log };
}

/** The fake X-Ray takes nothing that is signed for another region. */
async function expectUpload(daemon: DaemonProcess, xray: FakeXRay): Promise<void> {
  await daemon.send(HEADER + segment('a'));
  await eventually(() => xray.documents.length > 0);
}

test('ECS: takes the region from the metadata file, if the agent writes one', async () => {
  const xray = await scope.start(new FakeXRay({ region: 'us-west-2' }));
  const file = join(scope.folder(), 'metadata.json');
  writeFileSync(file, '{"TaskARN":"arn:aws:ecs:us-west-2:123456789012:task/x"}');
  const daemon = await scope.daemon({
    args: ['--endpoint', xray.url],
    env: { ...EXAMPLE_KEYS, ECS_ENABLE_CONTAINER_METADATA: 'true', ECS_CONTAINER_METADATA_FILE: file },
  });
  await expectUpload(daemon, xray);
});

test('uses the profile’s region if nothing else has one', async () => {
  const xray = await scope.start(new FakeXRay({ region: 'sa-east-1' }));
  const folder = scope.folder();
  const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
  writeFileSync(config, '[profile team]\nregion=sa-east-1\n[default]\nregion=eu-west-1\n');
  writeFileSync(
    credentials,
    `[team]\naws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`,
  );
  const env = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_PROFILE: 'team' };
  const daemon = await scope.daemon({ args: ['--endpoint', xray.url], env });
  await expectUpload(daemon, xray);
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'sa-east-1', from: 'profile team' });
});

test('reads a profile as Go does: blanks and capitals, quotes, and the credentials file before the config file', async () => {
  const xray = await scope.start(new FakeXRay({ region: 'sa-east-1' }));
  const folder = scope.folder();
  const [config, credentials] = [join(folder, 'config'), join(folder, 'credentials')];
  writeFileSync(config, '[ profile   team ]\nregion=eu-west-1\n');
  writeFileSync(
    credentials,
    `[ team ]\nREGION: "sa-east-1"\nAWS_ACCESS_KEY_ID="${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}"\naws_secret_access_key: '${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}'\n`,
  );
  for (const name of ['AWS_PROFILE', 'AWS_DEFAULT_PROFILE']) {
    const env = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials, [name]: 'team' };
    const daemon = await scope.daemon({ args: ['--endpoint', xray.url], env });
    const before = xray.documents.length;
    await daemon.send(HEADER + segment('a'));
    await eventually(() => xray.documents.length > before);
    expect(daemon.find(/credentials found/)).toMatchObject({ provider: 'profile team' });
  }
});

test('an invalid region of a profile ends the start with one line that names it', async () => {
  const config = join(scope.folder(), 'config');
  const message = (region: string): string => `the region of profile default is "${region}", which is not a region`;
  for (const region of ['${AWS_REGION}', 'evil.example#']) {
    writeFileSync(config, `[default]\nregion=${region}\n`);
    await expect(destination(['-o'], { AWS_CONFIG_FILE: config })).rejects.toMatchObject({
      code: 'XRAYD_REGION',
      message: expect.stringContaining(message(region)) as string,
    });
  }
  writeFileSync(config, '[default]\nregion=eu west\n');
  const refused = scope.spawn({ args: ['-o'], env: { ...EXAMPLE_KEYS, AWS_CONFIG_FILE: config } });
  expect((await refused.end()).code).toBe(1);
  const said = refused.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
  expect(said).toEqual([expect.stringContaining(`xrayd: ${message('eu west')}`)]);
  writeFileSync(config, '[default]\nregion=EU-WEST-1\n');
  const xray = await scope.start(new FakeXRay({ region: 'eu-west-1' }));
  const daemon = await scope.daemon({
    args: ['-o', '--endpoint', xray.url],
    env: { ...EXAMPLE_KEYS, AWS_CONFIG_FILE: config },
  });
  await expectUpload(daemon, xray);
  expect(daemon.find(/sending to X-Ray/)).toMatchObject({ region: 'eu-west-1' });
  expect(daemon.find(/regions are lower-case/)).toMatchObject({ level: 'warn' });
});

test('reads endpoint_url of a profile, or of the services that it names, like --endpoint', async () => {
  const xray = await scope.start(new FakeXRay({ region: 'eu-west-1' }));
  const config = join(scope.folder(), 'config');
  const services = `[services mine]\nxray =\n  endpoint_url = ${xray.url}\n[default]\nregion=eu-west-1\nservices=mine\nendpoint_url=http://127.0.0.1:9\n`;
  for (const text of [`[default]\nregion=eu-west-1\nendpoint_url=${xray.url}\n`, services]) {
    writeFileSync(config, text);
    const before = xray.documents.length;
    const daemon = await scope.daemon({ args: ['-o'], env: { ...EXAMPLE_KEYS, AWS_CONFIG_FILE: config } });
    await daemon.send(HEADER + segment('a'));
    await eventually(() => xray.documents.length > before);
  }
  for (const url of ['${X}', 'http://[', 'ftp://x/', 'http://x y/']) {
    writeFileSync(config, `[default]\nregion=eu-west-1\nendpoint_url=${url}\n`);
    await expect(destination(['-o'], { AWS_CONFIG_FILE: config }), url).rejects.toMatchObject({
      code: 'XRAYD_CONFIG',
      message: /^endpoint_url of profile default must be a URL/,
    });
  }
});

test('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or else the profile, disables the endpoints of AWS variables and files, and no others', async () => {
  const config = join(scope.folder(), 'config');
  const MINE = 'http://127.0.0.1:9';
  const AWS = 'https://xray.eu-west-1.amazonaws.com';
  writeFileSync(
    config,
    `[default]\nendpoint_url=${MINE}\n[profile ignores]\nendpoint_url=${MINE}\nignore_configured_endpoint_urls=true\n`,
  );
  const env = { ...EXAMPLE_KEYS, AWS_CONFIG_FILE: config, AWS_ENDPOINT_URL_STS: MINE };
  const IGNORE = 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS';
  for (const [more, endpoint] of [
    [{ AWS_ENDPOINT_URL: MINE }, MINE],
    [{ AWS_ENDPOINT_URL: MINE, [IGNORE]: 'True' }, AWS],
    [{ AWS_ENDPOINT_URL_XRAY: MINE, AWS_PROFILE: 'ignores' }, AWS],
    [{ [IGNORE]: 'true' }, AWS],
    [{ AWS_PROFILE: 'ignores', [IGNORE]: 'false' }, MINE],
    [{ XRAYD_ENDPOINT: MINE, [IGNORE]: 'true' }, MINE],
  ] as const) {
    const { found, log } = await destination(['-o', '-n', 'eu-west-1'], { ...env, ...more });
    expect(found.url.origin, JSON.stringify(more)).toBe(endpoint);
    const isSaid = endpoint === AWS && Object.keys(more).some((name) => name.startsWith('AWS_ENDPOINT_URL'));
    expect(log.find(/AWS_ENDPOINT_URL\w* is not used: .* is true/).length, JSON.stringify(more)).toBe(isSaid ? 1 : 0);
  }
});

test('-o does not query instance metadata', async () => {
  const imds = await scope.start(new FakeImds());
  const env = { ...EXAMPLE_KEYS, AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url, AWS_EC2_METADATA_DISABLED: 'false' };
  const daemon = scope.spawn({ args: ['-o'], env });
  expect((await daemon.end()).code).toBe(1);
  expect(imds.requests).toEqual([]);
});
