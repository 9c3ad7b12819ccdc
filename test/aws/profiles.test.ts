import { externalDataInterceptor, loadSharedConfigFiles } from '@smithy/core/config';
import { expect, test } from 'vitest';
import { Profiles, sdkName } from '../../src/aws/profiles.ts';

const KEYS = 'aws_access_key_id=AKID\naws_secret_access_key=secret\n';

function settings(config: string, credentials = '', profile = 'default'): Record<string, string> | undefined {
  const found = Profiles.read(config, credentials).settingsOf(profile);
  return found === undefined ? undefined : Object.fromEntries(found);
}

test('accepts every section and setting that the SDK for Go accepts', () => {
  const region = { region: 'eu-west-1' };
  for (const text of [
    '[default]\nregion=eu-west-1\n',
    '[ default ]\nregion = eu-west-1',
    '  [default] # mine\r\n\tregion\t=\teu-west-1 ; here\r\n',
    '[default]\nREGION=eu-west-1\n',
    '[default]\nregion="eu-west-1"\n',
    "[default]\nregion='eu-west-1'\n",
    '[default]\nregion: eu-west-1\n',
    'junk\n[default]\nmore junk\nregion=eu-north-1\n[default]\nregion=eu-west-1\n',
    '[default]\nregion=us-east-1\n[profile default]\nregion=eu-west-1\n',
    '[profile default]\nregion=eu-west-1\n[default]\nregion=us-east-1\n',
  ]) {
    expect(settings(text), text).toEqual(region);
  }
  for (const head of [
    '[profile team]',
    '[profile   team]',
    '[profile\tteam]',
    '[ profile team ]',
    '[profile "team"]',
  ]) {
    expect(settings(`${head}\nregion=eu-west-1\n`, '', 'team'), head).toEqual(region);
  }
  expect(settings('[profile é]\nregion=eu-west-1\n', '', 'é')).toEqual(region);
  for (const text of ['[DEFAULT]\nregion=eu-west-1', '[default\nregion=eu-west-1', 'region=eu-west-1'])
    expect(settings(text), text).toBeUndefined();
  expect(settings('[team]\nregion=eu-west-1', '', 'team')).toBeUndefined();
});

test('the credentials file overrides the config file', () => {
  expect(settings(`[default]\nregion=eu-west-1\noutput=json\n`, `[default]\nregion=us-west-2\n${KEYS}`)).toEqual({
    region: 'us-west-2',
    output: 'json',
    aws_access_key_id: 'AKID',
    aws_secret_access_key: 'secret',
  });
  expect(settings('', `[profile team]\n${KEYS}`, 'team')).toBeUndefined();
});

test('ignores nested settings, and a secret may contain any character', () => {
  const text =
    '[default]\ns3 =\n  region = us-east-1\nregion = eu-west-1\n[default]\ns3 =\n  addressing_style = path\n';
  expect(Profiles.read(text, '').settingsOf('default')?.get('region')).toBe('eu-west-1');
  expect(settings('', '[default]\naws_secret_access_key = a+b/c:d==#e\n')).toEqual({
    aws_secret_access_key: 'a+b/c:d==#e',
  });
});

test('the SDK for JavaScript reads the same settings from the normalized text, as either file', async () => {
  const config = `[sso-session s]\nsso_region=eu-west-1\n[Services x]\n[services y]\nxray =\n  endpoint_url = http://127.0.0.1:1\n[ default ]\nREGION="eu-west-1"\ns3 =\n  region = us-east-1\n[profile team]\nsource_profile: default\n[profile __proto__]\nregion=x\n`;
  const text = Profiles.read(config, `[ default ]\n${KEYS.toUpperCase()}`).text('Ec2InstanceMetadata');
  externalDataInterceptor.interceptFile('/both', text);
  const { configFile, credentialsFile } = await loadSharedConfigFiles({ filepath: '/both', configFilepath: '/both' });
  const profile = {
    aws_access_key_id: 'AKID',
    aws_secret_access_key: 'SECRET',
    region: 'eu-west-1',
    's3.region': 'us-east-1',
  };
  expect(configFile).toEqual({
    default: profile,
    'sso-session.s': { sso_region: 'eu-west-1' },
    'services.y': { 'xray.endpoint_url': 'http://127.0.0.1:1' },
  });
  expect(credentialsFile).toMatchObject({ default: profile, team: { source_profile: 'default' } });
});

test('assumes a role without a source with the credentials of its own profile, or else of the container or the instance', () => {
  const read = (credentials: string): Profiles =>
    Profiles.read('', Profiles.read('', credentials).text('EcsContainer'));
  const role = 'role_arn=arn:aws:iam::123456789012:role/x\nrole_session_name=s\n';
  const own = read(`[default]\n${role}${KEYS}`);
  const source = own.settingsOf('default')?.get('source_profile') ?? '';
  expect(Object.fromEntries(own.settingsOf(source) ?? [])).toEqual({
    role_session_name: 's',
    aws_access_key_id: 'AKID',
    aws_secret_access_key: 'secret',
  });
  expect(read(`[default]\n${role}`).settingsOf('default')?.get('credential_source')).toBe('EcsContainer');
  for (const given of ['source_profile=base', 'credential_source=Environment', 'web_identity_token_file=/t']) {
    const text = `[default]\n${role}${given}\n`;
    expect(read(text)).toEqual(Profiles.read('', text));
  }
});

test('the SDK for JavaScript finds a profile with any name, and a value that begins like a comment', async () => {
  for (const name of ['my team', 'a b c', 'é', 'a%20b', 'a+b@c.d:e/f-g_h']) {
    const text = Profiles.read('', `[${name}]\nregion=#x\n[other]\nsource_profile=${name}\n`).text('EcsContainer');
    externalDataInterceptor.interceptFile('/named', text);
    const { credentialsFile } = await loadSharedConfigFiles({
      filepath: '/named',
      configFilepath: '/named',
      ignoreCache: true,
    });
    expect(credentialsFile, name).toEqual({
      [sdkName(name)]: { region: '#x' },
      other: { source_profile: sdkName(name) },
    });
  }
});

test('assumes a role with the keys of the same profile, also as the source of another profile', () => {
  const role = 'role_arn=arn:aws:iam::123456789012:role/x\n';
  for (const beside of [
    '',
    'source_profile=default',
    'credential_source=Environment',
    'web_identity_token_file=/t',
    'credential_process=x',
  ]) {
    const read = Profiles.read('', Profiles.read('', `[default]\n${role}${KEYS}${beside}\n`).text('EcsContainer'));
    const settings = read.settingsOf('default');
    expect([settings?.get('aws_access_key_id'), settings?.get('credential_source')], beside).toEqual([
      undefined,
      undefined,
    ]);
    const own = read.settingsOf(settings?.get('source_profile') ?? '');
    expect([own?.get('aws_access_key_id'), own?.get('role_arn')], beside).toEqual(['AKID', undefined]);
  }
  // Another profile comes before the keys.
  const other = Profiles.read(
    '',
    Profiles.read('', `[default]\n${role}${KEYS}source_profile=b\n[b]\n${KEYS}`).text('EcsContainer'),
  );
  expect(other.settingsOf('default')?.get('source_profile')).toBe('b');
});

test('reads a file of thirty thousand settings in one pass', () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `k${i} =\n  a = b\n`).join('');
  expect(
    Profiles.read(`[default]\n${lines}${' '.repeat(1_000_000)}\n[default]\nx = ${' '.repeat(1_000_000)}y z\n`, '').text(
      'EcsContainer',
    ),
  ).toContain('k29999 =\n  a=b\n');
});
