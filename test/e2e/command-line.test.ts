import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';
import { BUNDLE, xrayd } from '../fakes/program.ts';

const scope = new Scope();

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<DaemonProcess & { code: number | null }> {
  const process = new DaemonProcess({ args, env, hasFreePorts: false, ...(cwd === undefined ? {} : { cwd }) });
  const { code } = await process.end();
  return Object.assign(process, { code });
}

test('--version shows the version and the compatible reference version', async () => {
  const { code, stdout } = await run(['-v']);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect([code, stdout]).toEqual([0, `xrayd ${version} (compatible with aws-xray-daemon 3.6.6)\n`]);
});

test('--help explains every command', async () => {
  const { code, stdout } = await run(['-h']);
  expect(code).toBe(0);
  for (const word of ['daemon', 'local', 'send', 'healthcheck', 'xrayd help COMMAND']) expect(stdout).toContain(word);
  expect((await run(['daemon', '--help'])).stdout).toContain('--buffer-memory');
  expect((await run(['version'])).stdout).toBe((await run(['-V'])).stdout);
});

test('output that cannot be written results in one line and exit code 1', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [BUNDLE, '--help'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([1, 'xrayd: cannot write the output: ENOSPC: no space left on device, write\n']);
});

test('a value in a message or in --print-config stays on its line and cannot change the terminal', async () => {
  const { code, stderr } = await run(['-n', 'eu-west-1'], { XRAYD_CONFIG: '/nonexistent/\u{1b}[31m.yaml' });
  expect([code, stderr]).toEqual([1, 'xrayd: cannot read /nonexistent/\\u{1b}[31m.yaml: it does not exist\n']);
  const { stdout } = await run(['--print-config'], { XRAYD_RESOURCE_ARN: '\u{1b}[31m\nregion x' });
  expect(stdout).toMatch(/^resource-arn +\\u\{1b\}\[31m\\nregion x +XRAYD_RESOURCE_ARN$/m);
});

test('exits with 2 for an unknown flag and with 1 for a bad file, each with one line', async () => {
  const flag = await run(['--regoin', 'x']);
  expect([flag.code, flag.stderr]).toEqual([
    2,
    'xrayd: unknown flag --regoin. Did you mean --region? See xrayd --help.\n',
  ]);
  const file = join(scope.folder(), 'cfg.yaml');
  writeFileSync(file, 'Version: 2\nRegoin: x\n');
  const bad = await run(['-c', file]);
  expect([bad.code, bad.stderr]).toEqual([1, `xrayd: ${file} line 2: unknown key "Regoin". Did you mean "Region"?\n`]);
});

test('finds cfg.yaml in the working folder, and --print-config shows where each value came from', async () => {
  const folder = scope.folder();
  writeFileSync(join(folder, 'cfg.yaml'), 'Version: 2\nRegion: eu-north-1\n');
  const { code, stdout } = await run(
    ['--print-config', '-m', '9'],
    { AWS_REGION: 'us-east-1', HTTPS_PROXY: 'http://u:secret@p:1' },
    folder,
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^region +eu-north-1 +cfg\.yaml line 2$/m);
  expect(stdout).toMatch(/^buffer-memory +9 +-m$/m);
  expect(stdout).toMatch(/^proxy-address +http:\/\/\*\*\*@p:1 +HTTPS_PROXY$/m);
});

test('exits with 1 without a region, and says where it looked and what to do', async () => {
  const { code, stderr } = await run(['-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', '127.0.0.1:0']);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^xrayd: no AWS region: set --region, Region in cfg\.yaml or AWS_REGION \(looked at .*instance metadata: switched off.*\)\. For a daemon without AWS run: xrayd local\n$/,
  );
});

test('names a UDP port in use with its owner, and exits with 1', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  const { code, stderr } = await run([
    'local',
    '-b',
    `127.0.0.1:${port}`,
    '-t',
    '127.0.0.1:0',
    '--http-address',
    'off',
  ]);
  socket.close();
  expect(code).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    new RegExp(
      `^xrayd: cannot listen on UDP 127\\.0\\.0\\.1:${port}: the port is taken by pid \\d+ \\(.+\\)\\. Stop it, or choose another with --bind\\.$`,
    ),
  );
});

test('names a TCP port in use, and an address that no interface has', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const taken = await run(['local', '-b', '127.0.0.1:0', '-t', `127.0.0.1:${port}`, '--http-address', 'off']);
  server.close();
  expect([taken.code, taken.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot listen on TCP .* choose another with --bind-tcp\./),
  ]);
  const foreign = await run(['local', '-b', '192.0.2.1:2000', '-t', '127.0.0.1:0', '--http-address', 'off']);
  expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('no interface has this address')]);
});

test('a requested HTTP port in use ends the start', async () => {
  const port = await scope.listen(createServer());
  const asked = await run(['local', '-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', `127.0.0.1:${port}`]);
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('cannot listen on HTTP')]);
});

test('-f writes the log to a file, and only requested output to the console', async () => {
  const file = join(scope.folder(), 'xrayd.log');
  const daemon = scope.spawn({ args: ['local', '-f', file, '-l', 'dev'] });
  await eventually(() => daemon.stdout.includes('local X-Ray on UDP'));
  await eventually(() => readFileSync(file, 'utf8').includes('xrayd is ready'));
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(daemon.stderr).toBe('');
  expect(readFileSync(file, 'utf8')).toContain('xrayd stopped');
});

test('reports a log file that cannot be opened on the console, and runs', async () => {
  const daemon = await scope.daemon({ args: ['local', '-f', '/dev/null/x.log'] });
  expect(daemon.find(/cannot write the log file/)).toMatchObject({ level: 'error', file: '/dev/null/x.log' });
});

test('accepts the flags of an image before a command', async () => {
  const daemon = await scope.daemon({ args: ['-t', '127.0.0.1:0', '-b', '127.0.0.1:0', 'local'] });
  await daemon.send(HEADER + segment('a'));
  await eventually(() => daemon.stdout.includes('1-'));
});

test('the first lines show an address that a browser can open, even if the local X-Ray listens on all interfaces', async () => {
  const daemon = await scope.daemon({
    args: ['local', '--bind-tcp', '0.0.0.0:0', '--http-address', '0.0.0.0:0', '--insecure-bind'],
  });
  await eventually(() => daemon.stdout.includes('Health and metrics'));
  const [, page = '', health = ''] = /Open +(http\S+)[^]*Health and metrics: (http\S+)/.exec(daemon.stdout) ?? [];
  expect([page, health]).toEqual([
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:/),
  ]);
  expect((await fetch(page)).status).toBe(200);
  expect(daemon.stdout).toMatch(/TCP 0\.0\.0\.0:\d+/);
});

test('a command whose result never comes does not end with success', async () => {
  // Nobody calls back when the output is written: nothing is left to wait for.
  const preload = join(scope.folder(), 'preload.cjs');
  writeFileSync(preload, 'process.stdout.write = () => true;');
  const { code, stderr } = await xrayd(['version'], { env: { NODE_OPTIONS: `--require ${preload}` } });
  expect([code, stderr]).toEqual([1, expect.stringContaining('ended without a result')]);
});
