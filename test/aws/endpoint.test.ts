import { afterEach, expect, test } from 'vitest';
import { stsUrlBeside } from '../../src/aws/caller-identity.ts';
import { resolveEndpoint } from '../../src/aws/endpoint.ts';
import { connectionTo } from '../../src/compose/xray-connection.ts';
import { parseFlags } from '../../src/config/flags.ts';
import { mergeConfig } from '../../src/config/load.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import { MemoryLog } from '../fakes/log.ts';

afterEach(() => {
  delete process.env['AWS_USE_FIPS_ENDPOINT'];
  delete process.env['AWS_USE_DUALSTACK_ENDPOINT'];
});

test.each([
  ['us-east-1', 'https://xray.us-east-1.amazonaws.com/'],
  ['eu-west-3', 'https://xray.eu-west-3.amazonaws.com/'],
  ['cn-north-1', 'https://xray.cn-north-1.amazonaws.com.cn/'],
  ['us-gov-west-1', 'https://xray.us-gov-west-1.amazonaws.com/'],
  ['us-iso-east-1', 'https://xray.us-iso-east-1.c2s.ic.gov/'],
  ['us-isob-east-1', 'https://xray.us-isob-east-1.sc2s.sgov.gov/'],
  ['eusc-de-east-1', 'https://xray.eusc-de-east-1.amazonaws.eu/'],
])('%s is at %s', async (region, url) => {
  expect((await resolveEndpoint({ region, endpoint: undefined })).href).toBe(url);
});

test('uses FIPS and dual-stack endpoints if AWS’s variables say so', async () => {
  process.env['AWS_USE_FIPS_ENDPOINT'] = 'true';
  expect((await resolveEndpoint({ region: 'us-east-1', endpoint: undefined })).host).toBe(
    'xray-fips.us-east-1.amazonaws.com',
  );
  process.env['AWS_USE_DUALSTACK_ENDPOINT'] = 'true';
  expect((await resolveEndpoint({ region: 'us-east-1', endpoint: undefined })).host).toBe(
    'xray-fips.us-east-1.api.aws',
  );
});

test.each([
  ['http://127.0.0.1:4566', 'http://127.0.0.1:4566/'],
  ['https://x.example/base', 'https://x.example/base'],
])('uses a configured endpoint %s unchanged', async (endpoint, url) => {
  expect((await resolveEndpoint({ region: 'us-east-1', endpoint: new URL(endpoint) })).href).toBe(url);
});

test.each([
  ['https://xray.eu-west-1.amazonaws.com/', 'https://sts.eu-west-1.amazonaws.com/'],
  ['https://xray.cn-north-1.amazonaws.com.cn/', 'https://sts.cn-north-1.amazonaws.com.cn/'],
  ['http://127.0.0.1:4566/', undefined],
  ['https://evil.example/xray.eu-west-1.amazonaws.com', undefined],
])('for X-Ray at %s, STS is at %s', (xray, sts) => {
  expect(stsUrlBeside(new URL(xray))?.href).toBe(sts);
});

test.each([
  ['sts.example:8443', []],
  ['', []],
  [
    'ftp://sts.example',
    ['AWS_ENDPOINT_URL_STS must be a URL with http or https, not "ftp://sts.example"; it is ignored'],
  ],
])('AWS_ENDPOINT_URL_STS %j is read as --endpoint is, but a wrong one does not fail the start', (value, warnings) => {
  const log = new MemoryLog();
  const { config } = mergeConfig({ commandLine: { ...parseFlags([]), command: 'daemon' }, env: {}, file: undefined });
  const { outbound } = connectionTo(
    { region: 'us-east-1', url: new URL('http://127.0.0.1:1') },
    { config, counters: newCounters(), log },
    { AWS_ENDPOINT_URL_STS: value },
  );
  outbound.close();
  expect(log.lines.map(({ message }) => message)).toEqual(warnings);
});
