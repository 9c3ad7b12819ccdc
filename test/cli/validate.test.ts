import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { xraydHere } from '../fakes/command.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

test('prints the values that the daemon would use, and where each came from', async () => {
  const { code, stdout, stderr } = await xraydHere(['validate', '-m', '9', '-n', 'eu-west-1'], {
    env: { XRAYD_CONCURRENCY: '4' },
  });
  expect(stdout).toMatch(/^buffer-memory +9 +-m$/m);
  expect(stdout).toMatch(/^concurrency +4 +XRAYD_CONCURRENCY$/m);
  expect([code, stderr]).toEqual([0, 'xrayd daemon would start with these values\n']);
});

test('names every problem of flags, file and variables in one run, a line each', async () => {
  const file = join(scope.folder(), 'cfg.yaml');
  writeFileSync(file, 'Version: 2\nRegoin: x\nTotalBufferSizeMB: many\nRegion: eu-west-1\n');
  const { code, stdout, stderr } = await xraydHere(['validate', '-c', file, '--regon', 'x', '-b', '2000', '-o=maybe'], {
    env: { XRAYD_CONCURRENCY: 'many', XRAYD_LOG_LEVEL: 'loud' },
  });
  expect(stderr.split('\n')).toEqual([
    'xrayd: unknown flag --regon. Did you mean --region? See xrayd help validate.',
    expect.stringMatching(/^xrayd: -b must be host:port/),
    'xrayd: -o must be true or false, not "maybe". See xrayd help validate.',
    `xrayd: ${file} line 2: unknown key "Regoin". Did you mean "Region"?`,
    expect.stringMatching(/cfg\.yaml line 3: TotalBufferSizeMB must be a whole number of MB/),
    'xrayd: XRAYD_CONCURRENCY must be a whole number of calls, not "many"',
    expect.stringMatching(/^xrayd: warning: XRAYD_LOG_LEVEL is "loud"/),
    'xrayd daemon would not start: 6 problems',
    '',
  ]);
  expect([code, stdout]).toEqual([2, '']);
});

test('exits as the start would: 1 for a value, 2 for a command line that cannot be read', async () => {
  expect((await xraydHere(['validate', '-m', '2'])).code).toBe(1);
  expect((await xraydHere(['validate', '-m', 'two'])).code).toBe(2);
  expect(await xraydHere(['validate', '-c', '/nonexistent/cfg.yaml'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot read /nonexistent/cfg.yaml: it does not exist') as string,
  });
  expect((await xraydHere(['validate', '--filter', 'x'])).stderr).toContain('--filter is not used by xrayd validate');
});

test.each(['validate', 'doctor'])('xrayd %s with a word that it does not know only says so', async (command) => {
  expect(await xraydHere([command, 'lcoal'])).toEqual({
    code: 2,
    stdout: '',
    stderr: `xrayd: ${command} does not know "lcoal". Did you mean "local"? See xrayd help ${command}.\n`,
  });
});

test('warns of what the start would warn of', async () => {
  const { code, stderr } = await xraydHere(['validate', '-t', '127.0.0.1:2001', '--spool-size', '9']);
  expect(code).toBe(0);
  expect(stderr).toContain('warning: --spool-size is not used without --spool');
  expect(stderr).toContain('warning: health and metrics are unavailable, because --bind-tcp uses their default port');
  expect(stderr).toContain('warning: no region is set');
  expect(stderr).toContain('with 3 warnings');
});

test('examines the endpoint of the profile, and the local X-Ray with its own flags and defaults', async () => {
  const config = join(scope.folder(), 'config');
  writeFileSync(config, '[default]\nregion = eu-west-1\nendpoint_url = ftp://x\n');
  const env = { AWS_CONFIG_FILE: config };
  expect(await xraydHere(['validate', '-n', 'eu-west-1'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('endpoint_url of profile default must be a URL with http or https') as string,
  });
  const local = await xraydHere(['validate', 'local', '--data', 'x.db'], { env });
  expect([local.code, local.stderr]).toEqual([0, 'xrayd local would start with these values\n']);
  expect(local.stdout).toMatch(/^otlp-http +127\.0\.0\.1:4318 +default$/m);
  expect((await xraydHere(['validate', '--data', 'x.db'])).code).toBe(2);
});
