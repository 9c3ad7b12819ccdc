import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startLocalXRay } from '../../src/compose/library.ts';
import { eventually } from '../fakes/eventually.ts';
import { HEADER, segment } from '../fakes/fixtures.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { BUNDLE, ENVIRONMENT } from '../fakes/program.ts';

const scope = new Scope();
const SIGNALS = new URL('../../src/cli/signals.ts', import.meta.url).href;
const KEYS = {
  AWS_REGION: 'eu-west-1',
  ...EXAMPLE_KEYS,
};

async function daemonBeforeXRay(...args: string[]) {
  const xray = await scope.start(new FakeXRay({ region: 'eu-west-1' }));
  return { xray, daemon: await scope.daemon({ args: ['--endpoint', xray.url, ...args], env: KEYS }) };
}

test.each(['daemon', 'local'])('SIGUSR1 opens no inspector in xrayd %s, which keeps running', async (command) => {
  const daemon = await scope.daemon({ args: [command], env: KEYS });
  daemon.kill('SIGUSR1');
  await eventually(() => daemon.find(/SIGUSR1 is ignored/) !== undefined);
  expect(daemon.stderr).not.toContain('Debugger listening');
  expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
});

test('a SIGUSR1 during Node’s own start leaves no inspector open, and a requested one stays', async () => {
  const program = `const { keepInspectorClosed } = await import(${JSON.stringify(SIGNALS)}); const inspector = await import('node:inspector');
    if (process.argv[1] === 'open') inspector.open(0); keepInspectorClosed(); setImmediate(() => setImmediate(() => console.log(inspector.url() !== undefined)));`;
  const isOpen = (options: string[], ...args: string[]): string =>
    spawnSync(process.execPath, [...options, '--input-type=module', '-e', program, ...args], {
      encoding: 'utf8',
    }).stdout.trim();
  expect(isOpen([], 'open')).toBe('false');
  expect(isOpen(['--inspect=127.0.0.1:0'])).toBe('true');
});

test('the bundle installs the listener first, and the image sets Node’s flag', () => {
  expect(readFileSync(BUNDLE, 'utf8')).toMatch(/^#!.*\nprocess\.on\('SIGUSR1'/);
  expect(readFileSync('scripts/image.ts', 'utf8')).toContain('--disable-sigusr1');
});

test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)('%s drains: everything received is sent', async (signal) => {
  const { xray, daemon } = await daemonBeforeXRay();
  await daemon.send(HEADER + segment('a'));
  expect(await daemon.stop(signal)).toEqual({ code: 0, signal: null });
  expect(xray.documents).toHaveLength(1);
  expect(daemon.find(/xrayd stops/)).toMatchObject({ signal });
});

test('any number of signals, together and one after the other, end the drain and lose nothing of the spool', async () => {
  const spool = scope.folder();
  const { xray, daemon } = await daemonBeforeXRay('--spool', spool);
  xray.intercept = () => 'hang';
  const count = 2_000;
  await daemon.send(...Array.from({ length: count }, (_, i) => HEADER + segment(`s${i}`)));
  const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
  for (const signal of signals) daemon.kill(signal);
  const flood = setInterval(() => daemon.kill('SIGTERM'), 1);
  scope.add(() => clearInterval(flood));
  expect(await daemon.end()).toEqual({ code: 0, signal: null });
  expect(daemon.find(/xrayd stopped/)).toMatchObject({ lost: 0 });
  xray.intercept = () => undefined;
  await scope.daemon({ args: ['--endpoint', xray.url, '--spool', spool], env: KEYS });
  await eventually(() => xray.documents.length === count);
});

test('SIGHUP without a terminal applies the log level and new credentials, and names what needs a restart', async () => {
  const file = join(scope.folder(), 'cfg.yaml');
  const write = (level: string, more = ''): void =>
    writeFileSync(file, `Version: 2\nLogging:\n  LogLevel: ${level}\n${more}`);
  write('info');
  const { xray, daemon } = await daemonBeforeXRay('-c', file);
  write('debug', 'Concurrency: 7\n');
  daemon.kill('SIGHUP');
  await eventually(() => daemon.find(/looked for new credentials/) !== undefined);
  expect(daemon.find(/reloaded the configuration/)).toMatchObject({
    logLevel: 'debug',
    from: `${file} line 3`,
    needsRestart: ['--concurrency'],
  });
  expect(daemon.find(/credentials refreshed/)).toMatchObject({ level: 'debug' });
  writeFileSync(file, 'Version: [');
  daemon.kill('SIGHUP');
  await eventually(() => daemon.find(/cannot reload the configuration/) !== undefined);
  await daemon.send(HEADER + segment('a'));
  expect(await daemon.stop()).toMatchObject({ code: 0 });
  expect(xray.documents).toHaveLength(1);
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test('SIGHUP recreates a log file that was moved, at once', async () => {
  const file = join(scope.folder(), 'xrayd.log');
  const daemon = scope.spawn({ args: ['local', '-f', file] });
  const log = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await eventually(() => log().includes('xrayd is ready'));
  renameSync(file, `${file}.1`);
  daemon.kill('SIGHUP');
  await eventually(() => log().includes('reloaded the configuration'));
  expect(readFileSync(`${file}.1`, 'utf8')).not.toContain('reloaded');
});

test.skipIf(!hasScript)(`SIGHUP from a terminal drains${hasScript ? '' : ' (skipped: no script)'}`, async () => {
  const file = join(scope.folder(), 'typescript');
  const pidFile = join(scope.folder(), 'pid');
  const command = `echo $$ > ${pidFile}; exec ${process.execPath} ${BUNDLE} local -b 127.0.0.1:0 -t 127.0.0.1:0 --http-address off`;
  const terminal = spawn('script', ['-qefc', command, file], { stdio: ['pipe', 'pipe', 'pipe'] });
  scope.add(() => terminal.kill('SIGKILL'));
  let text = '';
  terminal.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eventually(() => text.includes('is ready'));
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGHUP');
  const [code] = (await once(terminal, 'exit')) as [number];
  expect([code, text]).toEqual([0, expect.stringContaining('xrayd stopped')]);
});

test.each(['daemon', 'local'])('xrayd %s keeps running when nobody reads its output any more', async (command) => {
  const args = [command, '-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '-l', 'dev'];
  const env = { ...ENVIRONMENT, ...KEYS };
  const child = spawn(process.execPath, [BUNDLE, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  scope.add(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await eventually(() => text.includes('xrayd is ready'));
  const port = /"address":"127\.0\.0\.1:(\d+)","msg":"health and metrics/.exec(text)?.[1];
  child.stdout.destroy();
  child.stderr.destroy();
  // Each of these is a line in the log.
  for (let i = 0; i < 20; i++) child.kill('SIGUSR1');
  const cpuMs = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return 1000 * Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
  };
  const before = await cpuMs();
  await new Promise((done) => setTimeout(done, 1_000));
  expect((await cpuMs()) - before).toBeLessThan(500);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('run passes signals on to its command and still ends with the summary', async () => {
  const program = `process.on('SIGHUP', () => process.exit(7)); setTimeout(() => process.kill(process.ppid, 'SIGHUP'), 200); setInterval(() => {}, 1000)`;
  const run = scope.spawn({ args: ['run', '--', process.execPath, '-e', program], hasFreePorts: false });
  expect(await run.end()).toEqual({ code: 7, signal: null });
  expect(run.stderr).toContain('0 traces');
});

test('a command whose output is closed exits as after SIGPIPE, without a stack trace', async () => {
  const xray = await startLocalXRay();
  scope.add(() => xray.stop());
  const env = { ...ENVIRONMENT, ...xray.env };
  const child = spawn(process.execPath, [BUNDLE, 'export'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  expect(await once(child, 'close')).toEqual([141, null]);
  expect(text).toBe('');
});

test('during the search for the region, SIGHUP ends nothing and SIGTERM does not wait', async () => {
  const silent = createServer(() => {});
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  scope.add(() => silent.close());
  const uri = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const env = {
    AWS_ACCESS_KEY_ID: KEYS.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: KEYS.AWS_SECRET_ACCESS_KEY,
    ECS_CONTAINER_METADATA_URI_V4: uri,
  };
  const daemon = scope.spawn({ args: ['-o'], env });
  await once(silent, 'connection');
  daemon.kill('SIGHUP');
  daemon.kill('SIGTERM');
  expect(await daemon.end()).toEqual({ code: 0, signal: null });
  expect(daemon.find(/stops before it has started/)).toMatchObject({ signal: 'SIGTERM' });
});

test('signals that a Go program ignores do not end the daemon', async () => {
  const { daemon } = await daemonBeforeXRay();
  for (const signal of ['SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGXFSZ', 'SIGIO', 'SIGPWR'] as const)
    daemon.kill(signal);
  await eventually(() => daemon.find(/SIGPWR/) !== undefined);
  expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
});

test('a signal before run has started its command ends run without starting it', async () => {
  const file = join(scope.folder(), 'started');
  const preload = join(scope.folder(), 'preload.mjs');
  // As soon as it listens, which is before there is a command.
  writeFileSync(
    preload,
    `import { readFileSync } from 'node:fs'; let left = 500;
    const timer = setInterval(() => { if (process.listenerCount('SIGTERM') === 0 && left-- > 0) return; clearInterval(timer); process.kill(process.pid, 'SIGTERM'); }, 1);`,
  );
  const run = scope.spawn({
    command: [process.execPath, '--import', preload, BUNDLE],
    args: ['run', '--', 'touch', file],
    hasFreePorts: false,
  });
  expect(await run.end()).toEqual({ code: 143, signal: null });
  expect(existsSync(file)).toBe(false);
});
