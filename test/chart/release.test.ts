import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { Scope } from '../fakes/scope.ts';
import { tool, whyNoTools, TOOLS } from './tools.ts';

const scope = new Scope();
const skipped = whyNoTools();
const VERSION = '9.8.7';

/** A copy of what a release is made from, so that this repository keeps its version. */
function copyOfRepository(): string {
  const folder = join(scope.folder(), 'copy');
  for (const path of [
    'package.json',
    'package-lock.json',
    'CHANGELOG.md',
    'README.md',
    'LICENSE',
    'tsconfig.json',
    'src',
    'ui',
    'scripts',
    'deploy',
  ]) {
    cpSync(path, join(folder, path), { recursive: true });
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

describe.skipIf(skipped !== '')(`a release${skipped && ` (skipped: ${skipped})`}`, () => {
  test('has one version everywhere, and its npm package runs elsewhere without further downloads', async () => {
    const cwd = copyOfRepository();
    const env = { ...process.env, PATH: `${TOOLS}:${process.env['PATH']}` };
    const release = (...args: string[]): string =>
      execFileSync(process.execPath, ['scripts/release.ts', ...args], { cwd, env, encoding: 'utf8' });
    release(VERSION);
    expect(release('--check')).toBe(`all at ${VERSION}\n`);
    release('--artifacts', 'artifacts');

    const chart = tool('helm', [
      'template',
      'aws-xray',
      join(cwd, `artifacts/aws-xray-${VERSION}.tgz`),
      '--kube-version',
      '1.36',
    ]).output;
    expect(chart).toContain(`image: "ghcr.io/xrayd/xrayd:${VERSION}"`);
    expect(readFileSync(join(cwd, 'artifacts/RELEASE-NOTES.md'), 'utf8')).toContain('### Added');
    expect(readFileSync(join(cwd, 'CHANGELOG.md'), 'utf8')).toMatch(
      new RegExp(`^## ${VERSION} - \\d{4}-\\d\\d-\\d\\d$`, 'm'),
    );
    expect(spawnSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: join(cwd, 'artifacts') }).status).toBe(0);

    const elsewhere = scope.folder();
    // --offline: the package has no dependencies to download.
    execFileSync(
      'npm',
      [
        'install',
        '--offline',
        '--no-audit',
        '--no-fund',
        '--prefix',
        elsewhere,
        join(cwd, `artifacts/xrayd-${VERSION}.tgz`),
      ],
      {
        stdio: 'pipe',
      },
    );
    const npx = ['npx', '--offline', '--prefix', elsewhere, 'xrayd'];
    expect(execFileSync(npx[0]!, [...npx.slice(1), '--version'], { encoding: 'utf8', cwd: elsewhere })).toMatch(
      new RegExp(`^xrayd ${VERSION} `),
    );
    // Not through npx, which would leave it behind.
    const command = [process.execPath, join(elsewhere, 'node_modules/.bin/xrayd')];
    const daemon = new DaemonProcess({ command, args: ['local'], cwd: elsewhere, env: { HOME: elsewhere } });
    scope.add(() => daemon.stop());
    await daemon.ready();
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
    expect(await (await fetch(daemon.tcpUrl)).text()).toContain('<div id="page">');
    const program = `import { startLocalXRay } from 'xrayd';
      const xray = await startLocalXRay();
      console.log((await xray.traces()).length, xray.env.AWS_XRAY_DAEMON_ADDRESS === xray.daemonAddress);
      await xray.stop();`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: elsewhere,
      encoding: 'utf8',
    });
    expect(output).toBe('0 true\n');
    const types = readFileSync(join(elsewhere, 'node_modules/xrayd/dist/index.d.ts'), 'utf8');
    expect(types).toContain('export declare function startLocalXRay');
  });

  test('is refused if a file has another version, or if the version is invalid', () => {
    const cwd = copyOfRepository();
    const release = (...args: string[]): string =>
      spawnSync(process.execPath, ['scripts/release.ts', ...args], { cwd, encoding: 'utf8' }).stderr;
    expect(release('1.x')).toContain('"1.x" is no version like 1.2.3');
    execFileSync('sed', ['-i', 's/^appVersion: .*/appVersion: "0.0.9"/', 'deploy/helm/aws-xray/Chart.yaml'], { cwd });
    expect(release('--check')).toMatch(/Chart\.yaml has 0\.0\.9, package\.json has \d/);
  });
});

test.each(['ci.yml', 'release.yml'])('the workflow %s calls only scripts that exist', (file) => {
  const text = readFileSync(join('.github/workflows', file), 'utf8');
  const workflow = parse(text) as { jobs: Record<string, { steps: { run?: string; uses?: string }[] }> };
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const commands = Object.values(workflow.jobs).flatMap(({ steps }) =>
    steps.flatMap(({ run = '' }) => run.split('\n')),
  );
  for (const command of commands) {
    const script = /npm run (?:--silent )?([\w:]+)/.exec(command)?.[1];
    if (script !== undefined) expect(scripts, command).toHaveProperty(script);
  }
  // Nothing of a tag, a title or a secret is pasted into a shell.
  for (const command of commands) expect(command).not.toMatch(/\$\{\{ *(secrets|github\.(event|head_ref|ref_name))/);
});
