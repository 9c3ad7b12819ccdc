import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Scope } from '../fakes/scope.ts';
import { tool, whyNoTools } from './tools.ts';

const scope = new Scope();
const skipped = whyNoTools();
const WORKFLOWS = '.github/workflows';

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
  >;
}
const stepsOf = (file: string): Workflow['jobs'][string]['steps'] =>
  Object.values((parse(readFileSync(join(WORKFLOWS, file), 'utf8')) as Workflow).jobs).flatMap(({ steps }) => steps);
const commandsOf = (file: string): string[] => stepsOf(file).flatMap(({ run = '' }) => run.split('\n'));

/** Files with a version, and what sets it. */
const VERSIONED =
  'package.json package-lock.json CHANGELOG.md scripts deploy/helm/aws-xray/Chart.yaml deploy/ecs/task-definition.json';

/** test/image/release.test.ts has a dry run of a whole release. */
function copyOfVersions(): string {
  const folder = scope.folder();
  for (const path of VERSIONED.split(' ')) cpSync(path, join(folder, path), { recursive: true });
  return folder;
}

test('a release is refused if a file has another version, or if the version is invalid', () => {
  const cwd = copyOfVersions();
  const release = (...args: string[]): string =>
    spawnSync(process.execPath, ['scripts/release.ts', ...args], { cwd, encoding: 'utf8' }).stderr;
  expect(release('1.x')).toContain('"1.x" is no version like 1.2.3');
  execFileSync('sed', ['-i', 's/^appVersion: .*/appVersion: "0.0.9"/', 'deploy/helm/aws-xray/Chart.yaml'], { cwd });
  expect(release('--check')).toMatch(/Chart\.yaml has 0\.0\.9, package\.json has \d/);
});

test('a release tells Artifact Hub its image, and whether it is a prerelease', () => {
  const cwd = copyOfVersions();
  const annotationsOf = (version: string): Record<string, string> => {
    execFileSync(process.execPath, ['scripts/release.ts', version], { cwd, stdio: 'pipe' });
    const text = readFileSync(join(cwd, 'deploy/helm/aws-xray/Chart.yaml'), 'utf8');
    return (parse(text) as { annotations: Record<string, string> }).annotations;
  };
  for (const [version, isPrerelease] of [
    ['7.0.0-rc.1', 'true'],
    ['7.0.0', 'false'],
  ] as const) {
    const annotations = annotationsOf(version);
    expect(annotations['artifacthub.io/prerelease']).toBe(isPrerelease);
    expect(annotations['artifacthub.io/images']).toContain(`image: ghcr.io/xrayd/xrayd:${version}\n`);
  }
});

test('a release moves the fragments of changes/ into the changelog', () => {
  const cwd = copyOfVersions();
  writeFileSync(
    join(cwd, 'CHANGELOG.md'),
    '# Changelog\n\n## Unreleased\n\n### Added\n\n- Old.\n\n## 0.0.1 - 2026-01-01\n',
  );
  mkdirSync(join(cwd, 'changes'));
  for (const [file, text] of Object.entries({ 'a.added.md': '- A.\n- B.', 'b.fixed.md': '- C.\n', 'README.md': '' }))
    writeFileSync(join(cwd, 'changes', file), text);
  const release = (...args: string[]): string =>
    spawnSync(process.execPath, ['scripts/release.ts', ...args], { cwd, encoding: 'utf8' }).stderr;
  release('7.0.0');
  expect(readFileSync(join(cwd, 'CHANGELOG.md'), 'utf8').replace(/7.0.0 - [\d-]+/, '7.0.0 - today')).toBe(
    '# Changelog\n\n## Unreleased\n\n## 7.0.0 - today\n\n### Added\n\n- Old.\n- A.\n- B.\n\n### Fixed\n\n- C.\n\n## 0.0.1 - 2026-01-01\n',
  );
  expect(readdirSync(join(cwd, 'changes'))).toEqual(['README.md']);
  writeFileSync(join(cwd, 'changes/c.md'), '- D.\n');
  expect(release('--check')).toContain('changes/c.md: no kind in its name');
});

describe.skipIf(skipped !== '')(`the workflows${skipped && ` (skipped: ${skipped})`}`, () => {
  test('actionlint finds nothing', () => {
    const { code, output } = tool('actionlint', ['-no-color', '-shellcheck=', '-pyflakes=']);
    expect(code, output).toBe(0);
  });
});

test.each(readdirSync(WORKFLOWS))('the workflow %s calls only scripts that exist, and pins each action', (file) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const commands = commandsOf(file);
  for (const command of commands) {
    const script = /npm run (?:--silent )?([\w:]+)/.exec(command)?.[1];
    if (script !== undefined) expect(scripts, command).toHaveProperty(script);
  }
  // Nothing of a tag, a title or a secret is pasted into a shell.
  for (const command of commands) expect(command).not.toMatch(/\$\{\{ *(secrets|github\.(event|head_ref|ref_name))/);
  // A tag can be moved, a commit cannot.
  for (const { uses } of stepsOf(file)) if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$/);
});

test('the release runs each of its steps once, in their order, and what can fail before anything is published', () => {
  const text = readFileSync('scripts/release-step.ts', 'utf8');
  const all = [...text.matchAll(/^ {2}(\w+): \(\) => \{$/gm)].map(([, name]) => name);
  const run = commandsOf('release.yml').flatMap((command) => /release:step -- (\w+)/.exec(command)?.[1] ?? []);
  expect(run).toEqual(all);
  expect(all.slice(0, 2)).toEqual(['gate', 'sums']);
});
