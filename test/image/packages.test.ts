import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';

const missing = ['dpkg-deb', 'rpmbuild', 'unshare'].filter(
  (tool) => spawnSync(tool, ['--version']).error !== undefined,
);
const skipped = missing.length > 0 ? `${missing.join(', ')} not installed` : process.getuid?.() === 0 ? '' : 'not root';
if (skipped !== '' && process.env['XRAYD_REQUIRE_CONTAINERS'] !== undefined)
  throw new Error(`the packages cannot be tested: ${skipped}`);

const run = promisify(execFile);

describe.skipIf(skipped !== '')(`the packages for Linux${skipped && ` (skipped: ${skipped})`}`, () => {
  const scope = Scope.shared();
  const folder = scope.folder();
  const program = join(folder, 'xrayd');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

  beforeAll(async () => {
    // globalSetup has built the bundle.
    await run('npm', ['run', 'executable', '--', '--prepared', '--out', program]);
    await run('npm', ['run', 'packages', '--', '--executable', program, '--out', join(folder, 'packages')]);
  });

  test('the single executable is the daemon, without a Node beside it', async () => {
    const env = { PATH: '/nowhere' };
    const { stdout } = await run(program, ['version'], { env });
    expect(stdout).toMatch(new RegExp(`^xrayd ${version} `));
    const xray = await scope.start(new FakeXRay());
    const args = ['-n', 'us-east-1', '--endpoint', xray.url];
    const daemon = new DaemonProcess({ command: [program], args, env: { ...env, ...EXAMPLE_KEYS } });
    scope.add(() => daemon.stop());
    await daemon.ready();
    expect((await fetch(`${daemon.httpUrl}/livez`)).status).toBe(200);
    const sent = await run(program, ['send', '--to', `127.0.0.1:${daemon.udpPort}`], { env });
    const [id] = /1-[0-9a-f]{8}-[0-9a-f]{24}/.exec(sent.stdout + sent.stderr) ?? ['no id'];
    await eventually(() => xray.documents.some((document) => document.includes(id)));
    expect(xray.problems).toEqual([]);
    const health = await run(program, ['healthcheck', '--http-address', new URL(daemon.httpUrl).host], { env });
    expect(health.stderr).toBe('');
    expect((await daemon.stop()).code).toBe(0);
  });

  test('the single executable ends with its exit code while a thread is busy', async () => {
    // Node reads the file in a thread, so the process replaces itself at its end (src/main.ts).
    const env = { NODE_EXTRA_CA_CERTS: resolve('package.json') };
    for (const [args, code] of [
      [['version'], 0],
      [['healthcheck', '--http-address', '127.0.0.1:9'], 1],
    ] as const)
      expect(spawnSync(program, args, { env }).status).toBe(code);
  });

  test('deb and rpm install a unit that systemd starts, watches, reloads and stops, and keep a configuration', async () => {
    const files = readdirSync(join(folder, 'packages')).map((file) => join(folder, 'packages', file));
    expect(files).toHaveLength(2);
    for (const file of files) expect(statSync(file).size).toBeLessThan(45e6);
    const { stdout } = await run('test/image/machine.sh', ['test/image/install.sh', ...files]).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        throw new Error(`the installation failed:\n${stdout}${stderr}`);
      },
    );
    expect(partsOf(stdout)).toMatchObject({
      'the deb': expect.stringContaining(
        'the configuration is as it was\nenabled\ntype notify, active, user xray, watchdog 30s\nxray\n-F _xrayd\n1\n',
      ) as string,
      'a segment': 'arrived\n',
      'a daemon that hangs': 'restarted after Watchdog timeout\n',
      'reload, stop and start': 'inactive, success\n',
      'the deb again, as an upgrade': 'active\nthe configuration is as it was\n',
      'without the deb': expect.stringContaining('inactive\nthe configuration is as it was\n') as string,
      'the rpm': expect.stringMatching(/^Version: 2\ntype notify, active, user xray\n[^]*^inactive$/m) as string,
    });
  });
});

/** What install.sh printed, by the headings in it. */
function partsOf(output: string): Record<string, string> {
  const parts = output.split(/^== /m).slice(1);
  return Object.fromEntries(parts.map((part) => part.split(/\n([^]*)/) as [string, string]));
}
