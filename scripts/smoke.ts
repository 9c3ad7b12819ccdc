/**
 * npm run smoke: checks that the bundle does what the README promises, in a separate process and folder. Exits with 1
 * at the first failure.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const folder = mkdtempSync(join(tmpdir(), 'xrayd-smoke-'));
// As in an image: one file without an extension, and nothing beside it.
const bundle = join(folder, 'xray');
cpSync('dist/xrayd.cjs', bundle);
const env = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };

function expect(what: string, isTrue: boolean, detail = ''): void {
  console.log(`${isTrue ? 'ok' : 'NOT ok'}: ${what}`);
  if (isTrue) return;
  console.log(detail);
  process.exitCode = 1;
}

function run(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(bundle, args, { env, cwd: folder, timeout: 20_000 });
  return { code: status, output: `${stdout.toString()}${stderr.toString()}` };
}

async function waitFor(check: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !check(); i++) await sleep(20);
}

const version = run('--version');
expect('--version', version.code === 0 && version.output.startsWith('xrayd '), version.output);
const daemon = spawn(bundle, ['-b', '127.0.0.1:0', '-t', '127.0.0.1:0', '--http-address', '127.0.0.1:0', 'local'], {
  env,
  cwd: folder,
});
process.on('exit', () => daemon.kill('SIGKILL'));
let output = '';
for (const stream of [daemon.stdout, daemon.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
await waitFor(() => output.includes('xrayd is ready'));
const addressOf = (message: string): string =>
  new RegExp(`"address":"([^"]+)"[^\n]*"msg":"${message}`).exec(output)?.[1] ?? '';
expect('local starts from the one file', output.includes('xrayd is ready'), output);
const sent = run('send', '--to', addressOf('receiving segments'));
const traceId = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(sent.output)?.[0] ?? 'no id';
await waitFor(() => output.includes(traceId));
expect('a sample trace is shown', output.includes(traceId), sent.output + output);
expect('healthcheck', run('healthcheck', '--http-address', addressOf('health and metrics')).code === 0);
daemon.kill('SIGTERM');
const [code] = (await once(daemon, 'exit')) as [number | null];
expect('SIGTERM ends it with 0', code === 0, output);
expect(
  'the daemon without a region says what to do',
  run('-b', '127.0.0.1:0', '-t', '127.0.0.1:0').output.includes('set --region'),
);
const old = '/usr/bin/node';
const oldVersion = existsSync(old) ? spawnSync(old, ['-p', 'process.versions.node']).stdout.toString().trim() : '';
if (oldVersion !== '' && Number(oldVersion.split('.')[0]) < 24) {
  const refused = spawnSync(old, [bundle, 'local'], { env, cwd: folder, timeout: 20_000 });
  expect(
    `Node ${oldVersion} is refused with one line`,
    refused.status === 1 && /^xrayd: needs Node .*\n$/.test(refused.stderr.toString()),
    refused.stderr.toString(),
  );
  const program = `import('./dist/index.cjs').catch(({ message }) => console.log(message))`;
  const imported = spawnSync(old, ['-e', program], { env, cwd: join(import.meta.dirname, '..'), timeout: 20_000 });
  expect(
    'the library says so too',
    /^xrayd: needs Node .*\n$/.test(imported.stdout.toString()),
    imported.stdout.toString() + imported.stderr.toString(),
  );
} else {
  console.log(`skipped: the refusal of an old Node (${old} is ${oldVersion || 'not there'})`);
}
rmSync(folder, { recursive: true });
