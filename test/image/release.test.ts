import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../src/compose/free-port.ts';
import { KUBERNETES, tool, TOOLS, whyNoTools } from '../chart/tools.ts';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';
import { FakeNpmRegistry } from '../fakes/npm-registry.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeClients } from './clients.ts';
import { LIMITS, whyNoImages } from './container.ts';

const VERSION = '9.8.7';
const PRERELEASE = '9.9.0-rc.1';
const EXECUTABLE = `xrayd-${VERSION}-linux-x64.tar.gz`;
/** Without it, helm takes the Kubernetes that it was built with for that of the cluster. */
const KUBE = ['--kube-version', KUBERNETES.at(-1)!];
const skipped = whyNoImages() || whyNoTools();
if (skipped !== '' && process.env['XRAYD_REQUIRE_CONTAINERS'] !== undefined)
  throw new Error(`the dry run of a release is impossible: ${skipped}`);

const run = promisify(execFile);
const scope = Scope.shared();

/** What a release is made from. A copy, so that this repository keeps its version. */
const SOURCES =
  'package.json package-lock.json tsconfig.json CHANGELOG.md README.md LICENSE Dockerfile src ui scripts deploy docs';

/**
 * The steps of .github/workflows/release.yml, with registries of this machine in place of ghcr.io and npmjs.org.
 * The workflow runs the same commands (test/chart/release.test.ts).
 */
describe.skipIf(skipped !== '')(`a dry run of a release${skipped && ` (skipped: ${skipped})`}`, () => {
  const cwd = join(scope.folder(), 'xrayd');
  const artifacts = join(cwd, 'artifacts');
  const pages = join(cwd, 'pages');
  const clients = new FakeClients(join(scope.folder(), 'clients'));
  let npm: FakeNpmRegistry;
  let registry: string;
  let env: NodeJS.ProcessEnv;

  const release = async (...args: string[]): Promise<string> =>
    (await run('npm', ['run', '--silent', 'release', '--', ...args], { cwd, env })).stdout;
  const step = async (name: string): Promise<string> => {
    const base = `${registry}/base/nodejs26:nonroot`;
    const to = ['--registry', `${registry}/xrayd`, '--base', base, '--pages', pages, '--plain-http'];
    return (await run('npm', ['run', 'release:step', '--', name, ...to], { cwd, env })).stdout;
  };
  const git = (...args: string[]): string => {
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main'];
    return execFileSync('git', [...author, ...args], { encoding: 'utf8', cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  };

  beforeAll(async () => {
    for (const path of SOURCES.split(' ')) cpSync(path, join(cwd, path), { recursive: true });
    symlinkSync(join(process.cwd(), 'node_modules'), join(cwd, 'node_modules'));
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '-m', 'a release');
    // The branch of GitHub Pages, empty before the first release.
    git('init', '--quiet', '--bare', 'origin.git');
    git('push', '--quiet', 'origin.git', 'HEAD:gh-pages');
    git('clone', '--quiet', '--branch', 'gh-pages', 'origin.git', 'pages');

    const { repository } = JSON.parse(readFileSync('package.json', 'utf8')) as { repository: { url: string } };
    npm = await scope.start(new FakeNpmRegistry(repository.url));
    registry = `127.0.0.1:${await startImageRegistry()}`;
    execFileSync('test/image/registry.sh', [`${registry}/base/nodejs26:nonroot`], { stdio: 'inherit' });
    const npmrc = join(scope.folder(), 'npmrc');
    writeFileSync(npmrc, npm.npmrc);
    const path = [clients.folder, TOOLS, join(process.cwd(), 'node_modules/.bin'), process.env['PATH']].join(':');
    env = { ...process.env, PATH: path, npm_config_userconfig: npmrc, npm_config_cache: scope.folder() };
    env['GITHUB_OUTPUT'] = join(scope.folder(), 'outputs');
    delete env['npm_config_registry'];
    await release(VERSION);
    // Stands for what the other machines of the workflow build.
    mkdirSync(join(cwd, 'executables'));
    writeFileSync(join(cwd, 'executables', EXECUTABLE), 'an executable');
    await release('--artifacts', 'artifacts', '--with', 'executables');
  });

  test('has one version everywhere, and its notes', async () => {
    expect(await release('--check')).toBe(`all at ${VERSION}\n`);
    expect(readFileSync(join(cwd, 'dist/RELEASE-NOTES.md'), 'utf8')).toContain('### Added');
    expect(readFileSync(join(cwd, 'CHANGELOG.md'), 'utf8')).toMatch(
      new RegExp(`^## ${VERSION} - \\d{4}-\\d\\d-\\d\\d$`, 'm'),
    );
  });

  test('is stopped if CI has not succeeded for its commit', async () => {
    clients.setRuns(['failure']);
    await expect(step('gate')).rejects.toThrow('CI has not succeeded for');
    clients.setRuns(['failure', 'success']);
    await step('gate');
    expect(clients.calls('gh run list').at(-1)?.flags['--commit']).toBe(git('rev-parse', 'HEAD').trim());
  });

  test('is stopped if a file that would be uploaded has no sum or another one', async () => {
    const stray = join(artifacts, 'stray');
    writeFileSync(stray, '');
    await expect(step('sums')).rejects.toThrow('stray');
    await run('rm', [stray]);
    const sbom = join(artifacts, 'sbom.cdx.json');
    const text = readFileSync(sbom, 'utf8');
    writeFileSync(sbom, `${text} `);
    await expect(step('sums')).rejects.toThrow('sbom.cdx.json does not have its sum');
    writeFileSync(sbom, text);
    await step('sums');
    expect(JSON.parse(text)).toMatchObject({ metadata: { component: { name: 'xrayd', version: VERSION } } });
  });

  test('the image is a manifest list for amd64 and arm64, which runs from the registry', async () => {
    await step('image');
    const name = `${registry}/xrayd/xrayd`;
    const raw = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}:${VERSION}`]);
    const { manifests } = JSON.parse(raw.toString()) as { manifests: { platform: { architecture: string } }[] };
    expect(manifests.map(({ platform }) => platform.architecture).sort()).toEqual(['amd64', 'arm64']);
    expect(await tagsOf('xrayd/xrayd')).toEqual([VERSION, 'latest']);
    const [signed] = clients.calls('cosign sign');
    expect(signed).toMatchObject({ flags: { '--recursive': true } });
    const digest = signed!.operands[0]!.replace(/.*@/, '');
    expect(readFileSync(env['GITHUB_OUTPUT']!, 'utf8')).toBe(`digest=${digest}\n`);
    const again = await fetch(`http://${registry}/v2/xrayd/xrayd/manifests/${digest}`);
    expect(Buffer.from(await again.arrayBuffer())).toEqual(raw);

    const podman = ['--runtime', 'runc', 'run', '--rm', '--network=none', '--tls-verify=false', ...LIMITS];
    const { stdout } = await run('podman', [...podman, `${name}:${VERSION}`, '--version']);
    expect(stdout).toMatch(new RegExp(`^xrayd ${VERSION} `));
    const copied = scope.folder();
    const from = ['--override-arch', 'arm64', '--src-tls-verify=false', `docker://${name}:${VERSION}`];
    await run('skopeo', ['copy', '-q', ...from, `dir:${copied}`]);
    const { layers } = JSON.parse(readFileSync(join(copied, 'manifest.json'), 'utf8')) as {
      layers: { digest: string }[];
    };
    const layer = join(copied, layers.at(-1)!.digest.replace('sha256:', ''));
    const files = execFileSync('tar', ['-tzf', layer], { encoding: 'utf8' }).split('\n');
    expect(files).toEqual(expect.arrayContaining(['xray', 'usr/bin/xray', 'licenses/xrayd/sbom.cdx.json']));
  });

  test('the chart can be pulled and rendered, and found through the index of helm repo add', async () => {
    await step('chart');
    const folder = scope.folder();
    const chart = `oci://${registry}/xrayd/charts/aws-xray`;
    const pulled = tool('helm', ['pull', chart, '--version', VERSION, '--plain-http', '--destination', folder]);
    expect(pulled.code, pulled.output).toBe(0);
    const rendered = tool('helm', ['template', 'aws-xray', join(folder, `aws-xray-${VERSION}.tgz`), ...KUBE]);
    expect(rendered.output).toContain(`image: "ghcr.io/xrayd/xrayd:${VERSION}"`);
    expect(clients.calls('cosign sign').at(-1)?.operands[0]).toContain('/charts/aws-xray@sha256:');

    await step('index');
    await step('index');
    const index = git('--git-dir', 'origin.git', 'show', 'gh-pages:index.yaml');
    const { entries } = parse(index) as { entries: Record<string, { urls: string[]; version: string }[]> };
    const url = `https://github.com/xrayd/xrayd/releases/download/v${VERSION}/aws-xray-${VERSION}.tgz`;
    expect(entries['aws-xray']).toMatchObject([{ version: VERSION, urls: [url] }]);
  });

  test('npx xrayd downloads one package and runs it; the library is another', async () => {
    await step('npm');
    expect(npm.packages.get('xrayd')?.['dist-tags']).toEqual({ latest: VERSION });
    expect(await step('npm')).toContain('xrayd@9.8.7 is published already');
    expect([...npm.packages.keys()]).toEqual(['xrayd', '@xrayd/local']);

    const elsewhere = scope.folder();
    const from = npm.requests.length;
    const here = { cwd: elsewhere, env: { ...env, npm_config_cache: scope.folder() } };
    const { stdout } = await run('npx', ['--yes', 'xrayd', '--version'], here);
    expect(stdout).toMatch(new RegExp(`^xrayd ${VERSION} `));
    const tarballs = npm.requests.slice(from).filter(({ target }) => target.endsWith('.tgz'));
    expect(tarballs.map(({ target }) => target)).toEqual([`/xrayd/-/xrayd-${VERSION}.tgz`]);

    await run('npm', ['install', 'xrayd', '@xrayd/local'], here);
    const command = [process.execPath, join(elsewhere, 'node_modules/.bin/xrayd')];
    const daemon = new DaemonProcess({ command, args: ['local'], cwd: elsewhere, env: { HOME: elsewhere } });
    scope.add(() => daemon.stop());
    await daemon.ready();
    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
    expect(await (await fetch(daemon.tcpUrl)).text()).toContain('<div id="page">');
    const program = `import { startLocalXRay } from '@xrayd/local';
      const xray = await startLocalXRay();
      console.log((await xray.traces()).length, xray.env.AWS_XRAY_DAEMON_ADDRESS === xray.daemonAddress);
      await xray.stop();`;
    const library = await run(process.execPath, ['--input-type=module', '--eval', program], here);
    expect(library.stdout).toBe('0 true\n');
    const types = readFileSync(join(elsewhere, 'node_modules/@xrayd/local/dist/index.d.ts'), 'utf8');
    expect(types).toContain('export declare function startLocalXRay');
  });

  test('the GitHub release has exactly what the sums cover, and their signature', async () => {
    await step('github');
    const uploaded = clients.uploadsOf(`v${VERSION}`);
    execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: uploaded, stdio: 'pipe' });
    const covered = readFileSync(join(uploaded, 'SHA256SUMS'), 'utf8').trim().split('\n');
    const signed = ['SHA256SUMS', 'SHA256SUMS.sigstore.json'];
    const files = covered.map((line) => line.split('  ')[1]!);
    expect(files).toContain(EXECUTABLE);
    expect(new Set(readdirSync(uploaded))).toEqual(new Set([...signed, ...files]));
    expect(clients.calls('gh release create')[0]?.flags).not.toHaveProperty('--prerelease');
    await step('github');
    expect(clients.calls('gh release upload')).toHaveLength(1);
  });

  test('a prerelease becomes next on npm, and never latest anywhere', async () => {
    await release(PRERELEASE);
    await release('--artifacts', 'artifacts');
    for (const name of ['sums', 'image', 'chart', 'npm', 'github']) await step(name);
    for (const name of ['xrayd', '@xrayd/local'])
      expect(npm.packages.get(name)?.['dist-tags']).toEqual({ latest: VERSION, next: PRERELEASE });
    expect(await tagsOf('xrayd/xrayd')).toEqual([VERSION, PRERELEASE, 'latest']);
    const digests = await Promise.all([VERSION, 'latest'].map((tag) => digestOf(tag)));
    expect(digests[0]).toBe(digests[1]);
    expect(clients.calls('gh release create').at(-1)?.flags).toMatchObject({
      '--prerelease': true,
      '--latest=false': true,
    });
  });

  async function tagsOf(name: string): Promise<string[]> {
    const answer = await fetch(`http://${registry}/v2/${name}/tags/list`);
    return ((await answer.json()) as { tags: string[] }).tags.sort();
  }

  async function digestOf(tag: string): Promise<string | null> {
    const { headers } = await fetch(`http://${registry}/v2/xrayd/xrayd/manifests/${tag}`);
    return headers.get('docker-content-digest');
  }
});

/** An OCI registry that keeps everything in memory. Resolves with its port. */
async function startImageRegistry(): Promise<number> {
  const port = await freePort();
  const child = spawn(join(TOOLS, 'registry'), ['-port', String(port)], { stdio: 'ignore' });
  scope.add(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await eventually(() =>
    fetch(`http://127.0.0.1:${port}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return port;
}
