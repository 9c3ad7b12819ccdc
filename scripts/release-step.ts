/**
 * npm run release:step -- STEP [--artifacts DIR] [--registry HOST/OWNER] [--base IMAGE] [--plain-http]: one step of
 * publishing what `npm run release -- --artifacts DIR` has built. .github/workflows/release.yml runs the steps in this
 * order; what the others publish is built after `gate`. test/image/release.test.ts runs them against registries on this
 * machine. If a step fails, all of them can be run again.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from './checksums.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    artifacts: { type: 'string', default: 'artifacts' },
    registry: { type: 'string', default: 'ghcr.io/xrayd' },
    base: { type: 'string', default: 'gcr.io/distroless/nodejs26-debian13:nonroot' },
    /** A clone of the branch that GitHub Pages serves. */
    pages: { type: 'string', default: 'pages' },
    /** For a registry on this machine. */
    'plain-http': { type: 'boolean', default: false },
  },
});
const { artifacts, registry, base, pages, 'plain-http': isPlainHttp } = values;
const { version, repository } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  repository: { url: string };
};
const HOME = repository.url.replace(/^git\+|\.git$/g, '');
/** 1.2.3-rc.1: nobody gets it who does not ask for it. */
const isPrerelease = version.includes('-');
const SUMS = join(artifacts, 'SHA256SUMS');

const STEPS = {
  /** Only a commit whose CI has succeeded is published. */
  gate: () => {
    const commit = output('git', 'rev-parse', 'HEAD').trim();
    const args = ['run', 'list', '--workflow', 'ci.yml', '--commit', commit, '--json', 'conclusion'];
    const runs = JSON.parse(output('gh', ...args)) as { conclusion: string }[];
    if (!runs.some(({ conclusion }) => conclusion === 'success'))
      throw new Error(`CI has not succeeded for ${commit} (${runs.length} runs). When it has, run this job again.`);
  },
  /** What is uploaded is what the sums cover, no more and no less; both are checked before anything is published. */
  sums: () => {
    const listed = readFileSync(SUMS, 'utf8').trim().split('\n').map(parseSum);
    const files = readdirSync(artifacts).filter((file) => !file.startsWith('SHA256SUMS'));
    const names = listed.map(({ file }) => file);
    if (names.toSorted().join() !== files.toSorted().join())
      throw new Error(`${SUMS} covers ${names.join(', ')}; ${artifacts} has ${files.join(', ')}`);
    for (const { file, sum } of listed)
      if (sha256(join(artifacts, file)) !== sum) throw new Error(`${file} does not have its sum`);
    run('cosign', 'sign-blob', '--yes', '--bundle', `${SUMS}.sigstore.json`, SUMS);
  },
  /** The manifest list for both architectures, by buildah: nothing is run in the build, so nothing is emulated. */
  image: () => {
    const digest = output('skopeo', 'inspect', '--no-tags', ...tls(), '--format', '{{.Digest}}', `docker://${base}`);
    const list = `localhost/xrayd-release:${version}`;
    spawnSync('buildah', ['manifest', 'rm', list]);
    const pinned = `${base.replace(/:[^:/]+$/, '')}@${digest.trim()}`;
    const http = isPlainHttp ? ['--plain-http'] : [];
    const flags = ['--platforms', 'linux/amd64,linux/arm64', '--with', 'buildah', '--prepared', ...http];
    run(process.execPath, 'scripts/image.ts', '--tag', list, '--base', pinned, ...flags);
    const name = `${registry}/xrayd`;
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-release-'));
    const digestFile = join(folder, 'digest');
    for (const tag of isPrerelease ? [version] : [version, 'latest']) {
      const how = ['--all', '--format', 'v2s2', '--digestfile', digestFile, ...tls()];
      run('buildah', 'manifest', 'push', ...how, list, `docker://${name}:${tag}`);
    }
    const pushedDigest = readFileSync(digestFile, 'utf8').trim();
    rmSync(folder, { recursive: true });
    const { GITHUB_OUTPUT: outputs } = process.env;
    if (outputs !== undefined) appendFileSync(outputs, `digest=${pushedDigest}\n`);
    const pushed = `${name}@${pushedDigest}`;
    run('cosign', 'sign', '--yes', '--recursive', ...cosignHttp(), pushed);
    const predicate = join(artifacts, 'sbom.cdx.json');
    run('cosign', 'attest', '--yes', '--type', 'cyclonedx', '--predicate', predicate, ...cosignHttp(), pushed);
  },
  chart: () => {
    const flags = isPlainHttp ? ['--plain-http'] : [];
    const { stdout, stderr, status } = spawnSync(
      'helm',
      ['push', ...flags, join(artifacts, `aws-xray-${version}.tgz`), `oci://${registry}/charts`],
      { encoding: 'utf8' },
    );
    console.log(stdout + stderr);
    const digest = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(stdout + stderr)?.[1];
    if (status !== 0 || digest === undefined) throw new Error('helm push failed');
    run('cosign', 'sign', '--yes', ...cosignHttp(), `${registry}/charts/aws-xray@${digest}`);
  },
  /**
   * Without a token: on GitHub, npm proves by OpenID Connect which workflow runs. It adds the provenance by itself.
   * A path without `./` is a repository on GitHub to npm.
   */
  npm: () => {
    for (const file of [`xrayd-${version}.tgz`, `xrayd-local-${version}.tgz`]) {
      const name = file.startsWith('xrayd-local-') ? '@xrayd/local' : 'xrayd';
      const integrity = `sha512-${createHash('sha512')
        .update(readFileSync(join(artifacts, file)))
        .digest('base64')}`;
      const { stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], { encoding: 'utf8' });
      if (stdout.trim() === integrity) {
        console.log(`${name}@${version} is published already`);
        continue;
      }
      const tag = isPrerelease ? 'next' : 'latest';
      run('npm', 'publish', `./${join(artifacts, file)}`, '--access', 'public', '--tag', tag);
    }
  },
  github: () => {
    const tag = `v${version}`;
    const files = readdirSync(artifacts).map((file) => join(artifacts, file));
    if (spawnSync('gh', ['release', 'view', tag]).status === 0) {
      run('gh', 'release', 'upload', tag, '--clobber', ...files);
      return;
    }
    const kind = isPrerelease ? ['--prerelease', '--latest=false'] : [];
    const notes = 'dist/RELEASE-NOTES.md';
    const title = `xrayd ${version}`;
    run('gh', 'release', 'create', tag, '--verify-tag', '--title', title, '--notes-file', notes, ...kind, ...files);
  },
  /** For `helm repo add xrayd https://xrayd.github.io/xrayd`: the chart itself is a file of the GitHub release. */
  index: () => {
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-release-'));
    const chart = `aws-xray-${version}.tgz`;
    execFileSync('cp', [join(artifacts, chart), folder]);
    const index = join(pages, 'index.yaml');
    const merge = existsSync(index) ? ['--merge', index] : [];
    run('helm', 'repo', 'index', folder, '--url', `${HOME}/releases/download/v${version}`, ...merge);
    execFileSync('cp', [join(folder, 'index.yaml'), index]);
    rmSync(folder, { recursive: true });
    run('git', '-C', pages, 'add', 'index.yaml');
    if (spawnSync('git', ['-C', pages, 'diff', '--cached', '--quiet']).status === 0) return;
    const author = ['-c', 'user.name=xrayd', '-c', 'user.email=xrayd@users.noreply.github.com'];
    run('git', '-C', pages, ...author, 'commit', '--quiet', '-m', `chart ${version}`);
    run('git', '-C', pages, 'push', '--quiet', 'origin', 'HEAD');
  },
} satisfies Record<string, () => void>;

const [name = ''] = positionals;
const step = Object.entries(STEPS).find(([known]) => known === name)?.[1];
if (step === undefined) throw new Error(`say a step: ${Object.keys(STEPS).join(', ')}`);
step();

function run(command: string, ...args: readonly string[]): void {
  console.log(`$ ${[command, ...args].join(' ')}`);
  execFileSync(command, args, { stdio: 'inherit' });
}

function output(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function tls(): string[] {
  return isPlainHttp ? ['--tls-verify=false'] : [];
}

function cosignHttp(): string[] {
  return isPlainHttp ? ['--allow-http-registry'] : [];
}

function parseSum(line: string): { sum: string; file: string } {
  const [sum = '', file = ''] = line.split('  ');
  return { sum, file };
}
