/**
 * npm run release: one version number for daemon, image, chart and npm package.
 *
 *   npm run release -- 1.2.3               sets the version everywhere and dates the changelog; then commit, tag v1.2.3 and push the tag
 *   npm run release -- --artifacts DIR     builds what is published into DIR: npm packages, chart, SBOM, checksums; what
 *                                          --with DIR has is published too. The release notes are dist/RELEASE-NOTES.md
 *   npm run release -- --check             reports whether all files have the same version
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from './checksums.ts';

const CHART = 'deploy/helm/aws-xray';
/** Each place with the version: the text before it and the text after it. */
const PLACES = [
  { file: 'package.json', before: /^ {2}"version": "/m, after: '"' },
  { file: 'package-lock.json', before: /^\{\n {2}"name": "xrayd",\n {2}"version": "/, after: '"' },
  { file: 'package-lock.json', before: /^ {4}"": \{\n {6}"name": "xrayd",\n {6}"version": "/m, after: '"' },
  { file: `${CHART}/Chart.yaml`, before: /^version: /m, after: '\n' },
  { file: `${CHART}/Chart.yaml`, before: /^appVersion: "/m, after: '"' },
  { file: `${CHART}/Chart.yaml`, before: /image: ghcr\.io\/xrayd\/xrayd:/, after: '\n' },
  { file: 'deploy/ecs/task-definition.json', before: /"image": "ghcr\.io\/xrayd\/xrayd:/, after: '"' },
] as const;
const SEMVER = /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { artifacts: { type: 'string' }, with: { type: 'string' }, check: { type: 'boolean', default: false } },
});
const [wanted] = positionals;
if (wanted !== undefined) setVersion(wanted);
else if (values.artifacts !== undefined) buildArtifacts(values.artifacts);
else if (values.check) {
  fragments();
  console.log(`all at ${currentVersion()}`);
} else throw new Error('say a version, --artifacts DIR or --check');

/** The version. Throws if the files have different versions. */
function currentVersion(): string {
  const found = PLACES.map(({ file, before, after }) => {
    const text = readFileSync(file, 'utf8');
    const match = before.exec(text);
    if (match === null) throw new Error(`${file}: no version where there was one (${before.source})`);
    const start = match.index + match[0].length;
    return { file, version: text.slice(start, text.indexOf(after, start)) };
  });
  const [{ version } = { version: '' }] = found;
  const other = found.find((place) => place.version !== version);
  if (other !== undefined)
    throw new Error(`${other.file} has ${other.version}, package.json has ${version}. Run: npm run release -- VERSION`);
  return version;
}

function setVersion(version: string): void {
  if (!SEMVER.test(version)) throw new Error(`"${version}" is no version like 1.2.3`);
  const old = currentVersion();
  for (const { file, before, after } of PLACES) {
    const text = readFileSync(file, 'utf8');
    const match = before.exec(text)!;
    const start = match.index + match[0].length;
    writeFileSync(file, text.slice(0, start) + version + text.slice(text.indexOf(after, start)));
  }
  const chart = readFileSync(`${CHART}/Chart.yaml`, 'utf8');
  const prerelease = `artifacthub.io/prerelease: "${version.includes('-')}"`;
  writeFileSync(`${CHART}/Chart.yaml`, chart.replace(/artifacthub\.io\/prerelease: .*/, prerelease));
  const changes = withFragments(readFileSync('CHANGELOG.md', 'utf8'));
  const today = new Date().toISOString().slice(0, 10);
  const heading = `\n## Unreleased\n\n## ${version} - ${today}\n`;
  const isDated = changes.includes(`\n## ${version} `);
  writeFileSync('CHANGELOG.md', isDated ? changes : changes.replace('\n## Unreleased\n', heading));
  console.log(
    `${old} → ${version}. Read the diff, then: git commit -am "chore: release ${version}" && git push\n` +
      `When CI has passed: git tag v${version} && git push origin v${version}`,
  );
}

/** The changelog with the list items of changes/ at the end of their headings in "Unreleased". Removes their files. */
function withFragments(changelog: string): string {
  const start = changelog.indexOf('\n## Unreleased\n') + '\n## Unreleased\n'.length;
  const next = changelog.indexOf('\n## ', start);
  const end = next < 0 ? changelog.length : next;
  let section = changelog.slice(start, end).trimEnd();
  for (const [file, kind] of fragments()) {
    const items = readFileSync(file, 'utf8').trim();
    const heading = `### ${kind[0]!.toUpperCase()}${kind.slice(1)}`;
    const at = `${section}\n`.indexOf(`\n${heading}\n`);
    if (at < 0) section += `\n\n${heading}\n\n${items}`;
    else {
      const after = section.indexOf('\n### ', at + heading.length);
      const cut = after < 0 ? section.length : after;
      section = `${section.slice(0, cut).trimEnd()}\n${items}${after < 0 ? '' : '\n'}${section.slice(cut)}`;
    }
    rmSync(file);
  }
  return `${changelog.slice(0, start)}${section}\n${changelog.slice(end)}`;
}

/** Each file of changes/ with its kind. Throws if a name has no kind: that file would not get into the changelog. */
function fragments(): [file: string, kind: string][] {
  const files = existsSync('changes') ? readdirSync('changes').filter((file) => file !== 'README.md') : [];
  return files.map((file) => {
    const kind = /\.(added|changed|deprecated|removed|fixed|security)\.md$/.exec(file)?.[1];
    if (kind === undefined) throw new Error(`changes/${file}: no kind in its name, see changes/README.md`);
    return [join('changes', file), kind];
  });
}

function buildArtifacts(folder: string): void {
  const version = currentVersion();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync(process.execPath, ['scripts/image.ts'], { stdio: 'inherit' });
  for (const staged of stageNpmPackages(version))
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, staged], { stdio: 'inherit' });
  execFileSync('helm', ['package', CHART, '--destination', folder], { stdio: 'inherit' });
  cpSync('dist/image/licenses/xrayd/sbom.cdx.json', join(folder, 'sbom.cdx.json'));
  if (values.with !== undefined) cpSync(values.with, folder, { recursive: true });
  writeFileSync('dist/RELEASE-NOTES.md', notesOf(version));
  // Of each file in the folder: the folder is what is uploaded.
  const sums = readdirSync(folder).map((file) => `${sha256(join(folder, file))}  ${file}`);
  writeFileSync(join(folder, 'SHA256SUMS'), `${sums.join('\n')}\n`);
  console.log(`${folder}: ${readdirSync(folder).join(', ')}`);
}

/**
 * The program and the library are two packages, so that `npx xrayd` downloads only what it runs. The bundles need no
 * dependencies, so the packages have none.
 */
function stageNpmPackages(version: string): string[] {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>;
  const { license, repository, homepage, bugs, engines, keywords } = manifest;
  const shared = { version, license, repository, homepage, bugs, engines, keywords };
  rmSync('dist/npm', { recursive: true, force: true });
  const { name, description, bin } = manifest;
  return [
    stageNpmPackage({ name, description, bin, ...shared }, { 'README.md': 'README.md', 'xrayd.cjs': 'dist/xrayd.cjs' }),
    stageNpmPackage(
      {
        name: '@xrayd/local',
        description: 'Starts a local X-Ray inside your tests',
        exports: {
          '.': { types: './dist/index.d.ts', default: './dist/index.cjs' },
          './package.json': './package.json',
        },
        ...shared,
      },
      {
        'README.md': 'deploy/packages/npm-library.md',
        'index.cjs': 'dist/index.cjs',
        'index.d.ts': 'dist/index.d.ts',
      },
    ),
  ];
}

/** `files` are the sources by their names: `README.md` is at the top of the package, the others are in its dist. */
function stageNpmPackage(manifest: Record<string, unknown>, files: Readonly<Record<string, string>>): string {
  const folder = `dist/npm/${String(manifest['name'])}`;
  mkdirSync(`${folder}/dist`, { recursive: true });
  writeFileSync(`${folder}/package.json`, `${JSON.stringify({ ...manifest, files: ['dist'] }, null, 2)}\n`);
  cpSync('LICENSE', `${folder}/LICENSE`);
  cpSync('dist/THIRD-PARTY-LICENSES.txt', `${folder}/dist/THIRD-PARTY-LICENSES.txt`);
  for (const [to, from] of Object.entries(files)) cpSync(from, join(folder, to === 'README.md' ? '' : 'dist', to));
  return `./${folder}`;
}

/** The changelog's section of the version, or "Unreleased" if there is none yet. */
function notesOf(version: string): string {
  const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
  const section =
    sections.find((text) => text.startsWith(`${version} `)) ??
    sections.find((text) => text.startsWith('Unreleased')) ??
    '';
  return section.slice(section.indexOf('\n') + 1).trim() + '\n';
}
