/**
 * npm run image: prepares in dist/image what the image adds to its base, and with --tag builds the image from that.
 * `docker build .` does both, in the first stage of the Dockerfile.
 *
 *   npm run image -- [--tag NAME] [--base IMAGE] [--with docker|podman|buildah] [--plain-http]
 *   npm run image -- --tag NAME --platforms linux/amd64,linux/arm64 --with buildah [--prepared]      a manifest list
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const ROOT = 'dist/image';
/** The Dockerfile without its first stage. Its context is ROOT. */
const DOCKERFILE = 'dist/Dockerfile';
/** The path of Node in distroless. Without env and shell, the kernel starts it through the first line of the bundle. */
const NODE = '/nodejs/bin/node';
const BUILD = {
  docker: ['build'],
  podman: ['build', '--format', 'docker'],
  // Without Docker's format there is no HEALTHCHECK; chroot needs no user namespaces.
  buildah: ['bud', '--isolation', 'chroot', '--format', 'docker'],
} as const;
type Builder = keyof typeof BUILD;

const { values } = parseArgs({
  options: {
    tag: { type: 'string' },
    base: { type: 'string' },
    with: { type: 'string' },
    platforms: { type: 'string' },
    /** Uses dist/image as it is, so that a release publishes what it has made sums of. */
    prepared: { type: 'boolean', default: false },
    /** For a base in a registry on this machine; buildah and podman. */
    'plain-http': { type: 'boolean', default: false },
  },
});
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

if (!values.prepared) prepare();

if (values.tag !== undefined) {
  writeFileSync(DOCKERFILE, withoutBuild(readFileSync('Dockerfile', 'utf8')));
  const builder = chooseBuilder(values.with);
  const args = [
    ...BUILD[builder],
    ...(values.base === undefined ? [] : ['--build-arg', `BASE=${values.base}`]),
    '--build-arg',
    `VERSION=${version}`,
    '--build-arg',
    `REVISION=${revision()}`,
    ...(values['plain-http'] ? ['--tls-verify=false'] : []),
    ...(values.platforms === undefined ? ['-t'] : ['--platform', values.platforms, '--manifest']),
    values.tag,
    '-f',
    DOCKERFILE,
    ROOT,
  ];
  console.log(`${builder} ${args.join(' ')}`);
  process.exitCode = spawnSync(builder, args, { stdio: 'inherit' }).status ?? 1;
}

function prepare(): void {
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
  rmSync(ROOT, { recursive: true, force: true });
  mkdirSync(`${ROOT}/usr/bin`, { recursive: true });
  mkdirSync(`${ROOT}/licenses/xrayd`, { recursive: true });
  writeFileSync(`${ROOT}/xray`, readFileSync('dist/xrayd.cjs', 'utf8').replace(/^#!.*/, `#!${NODE} --disable-sigusr1`));
  chmodSync(`${ROOT}/xray`, 0o755);
  // compat: its paths in the two images of the reference.
  symlinkSync('../../xray', `${ROOT}/usr/bin/xray`);
  cpSync('LICENSE', `${ROOT}/licenses/xrayd/LICENSE`);
  cpSync('dist/THIRD-PARTY-LICENSES.txt', `${ROOT}/licenses/xrayd/THIRD-PARTY-LICENSES.txt`);
  writeFileSync(`${ROOT}/licenses/xrayd/sbom.cdx.json`, sbom());
  console.log(`put together ${ROOT} for version ${version}`);
}

/** Takes the files of the image from the context instead of from the stage that would build them. */
function withoutBuild(dockerfile: string): string {
  const copy = `COPY --from=build /src/${ROOT}/ /`;
  const changed = dockerfile.replace(/^FROM [^\n]* AS build\n[^]*?(?=^FROM )/m, '').replace(copy, 'COPY . /');
  if (/\bbuild\b.*\/src|AS build|^RUN /m.test(changed) || !changed.includes('COPY . /'))
    throw new Error('the Dockerfile has another form than scripts/image.ts knows');
  return changed;
}

function chooseBuilder(name: string | undefined): Builder {
  const known = Object.keys(BUILD) as Builder[];
  if (name !== undefined && !known.includes(name as Builder))
    throw new Error(`--with takes one of ${known.join(', ')}, not ${name}`);
  const found = known
    .filter((one) => name === undefined || one === name)
    .find((one) => spawnSync(one, ['--version']).status === 0);
  if (found === undefined)
    throw new Error(
      `${name ?? known.join(', ')}: not installed. Install one, or leave out --tag to only put the files together.`,
    );
  return found;
}

/**
 * The contents of the image as CycloneDX, which npm derives from the lock file. npm names the root after the folder that
 * the clone is in.
 */
function sbom(): string {
  const text = execFileSync(
    'npm',
    ['sbom', '--package-lock-only', '--omit', 'dev', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const { serialNumber: _number, ...document } = JSON.parse(text) as {
    serialNumber: string;
    metadata: { component: { name: string }; timestamp?: string; tools?: unknown };
  };
  document.metadata.component.name = 'xrayd';
  // So that the same sources give the same image.
  delete document.metadata.timestamp;
  delete document.metadata.tools;
  return `${JSON.stringify(document, null, 2)}\n`;
}

function revision(): string {
  return spawnSync('git', ['rev-parse', 'HEAD']).stdout?.toString().trim() || 'unknown';
}
