import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { chartReadme, chartValues } from '../../scripts/chart-values.ts';
import { CHART } from './tools.ts';
import { leavesOf, SCHEMA, schemaAt } from './values.ts';

const read = (file: string): string => readFileSync(`${CHART}/${file}`, 'utf8');
const VALUES = parse(read('values.yaml')) as object;

test('the table of values in the README has each value, with its default', () => {
  expect(read('README.md')).toBe(chartReadme());
  const described = chartValues(read('values.yaml')).map(({ path }) => path);
  for (const leaf of leavesOf(VALUES))
    expect(described.filter((path) => leaf === path || leaf.startsWith(`${path}.`), leaf)).toHaveLength(1);
  for (const path of described) expect(read('README.md')).toContain(`| \`${path}\` |`);
});

test('a value without a description is an error', () => {
  expect(() => chartValues('a:\n  # -- described\n  b: 1\n  c: 2\n')).toThrow('does not describe a.c');
  expect(() => chartValues('# -- described\na:\n  # -- again\n  b: 1\n')).toThrow('describes a as well as a.b');
  expect(chartValues('## Group\n# -- one\n# two\na: {}\n')).toEqual([
    { path: 'a', default: {}, description: 'one two', group: 'Group' },
  ]);
});

test('the schema has every value, and refuses others', () => {
  for (const leaf of leavesOf(VALUES)) expect(schemaAt(leaf), leaf).toBeDefined();
  // Below these, Kubernetes and other charts decide what a key may be.
  expect(openObjects(SCHEMA).toSorted()).toEqual([
    'affinity',
    'dnsConfig',
    'global',
    'local.affinity',
    'local.resources',
    'podSecurityContext',
    'resources',
    'securityContext',
  ]);
});

/** The objects of the schema that accept any key. */
function openObjects(schema: Schema, path = ''): string[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([key, value]) =>
    openObjects(value, path === '' ? key : `${path}.${key}`),
  );
  return schema.type === 'object' && schema.additionalProperties === undefined ? [path, ...inner] : inner;
}

type Schema = typeof SCHEMA;

test("the schema's regions are those of the partitions that the AWS SDK knows", async () => {
  const file = 'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js';
  const { partitionsInfo } = (await import(pathToFileURL(resolve(file)).href)) as { partitionsInfo: Partitions };
  const patterns = partitionsInfo.partitions.map(({ regionRegex }) =>
    regionRegex.replaceAll('\\-', '-').replaceAll(/^\^|\$$/g, ''),
  );
  const { pattern } = schemaAt('xray.region')!;
  expect(pattern).toBe(`^(${patterns.join('|')})?$`);
  const regions = partitionsInfo.partitions.flatMap((partition) => Object.keys(partition.regions));
  expect(regions.length).toBeGreaterThan(40);
  for (const region of regions.filter((name) => !name.endsWith('-global')))
    expect(region).toMatch(new RegExp(pattern!));
  for (const wrong of ['us-east1', 'us-east-1a', 'US-EAST-1', 'xx-east-1'])
    expect(wrong).not.toMatch(new RegExp(pattern!));
});

interface Partitions {
  readonly partitions: readonly { readonly regionRegex: string; readonly regions: Readonly<Record<string, object>> }[];
}

test('Chart.yaml tells Artifact Hub what the package is', () => {
  const chart = parse(read('Chart.yaml')) as {
    version: string;
    appVersion: string;
    icon: string;
    annotations: Record<string, string>;
  };
  const annotation = (name: string): unknown => parse(chart.annotations[`artifacthub.io/${name}`] ?? '');
  expect(annotation('license')).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { license: string }).license);
  expect(annotation('prerelease')).toBe(chart.version.includes('-'));
  expect(annotation('images')).toMatchObject([{ image: `ghcr.io/xrayd/xrayd:${chart.appVersion}` }]);
  const changes = annotation('changes') as { kind: string; description: string }[];
  expect(changes.length).toBeGreaterThan(0);
  for (const { kind, description } of changes) {
    expect(['added', 'changed', 'deprecated', 'removed', 'fixed', 'security']).toContain(kind);
    expect(description).toMatch(/\w/);
  }
  // Addresses in the repository lead to files that exist.
  const links = (annotation('links') as { url: string }[]).map(({ url }) => url);
  for (const url of [...links, chart.icon]) {
    const path = /\/xrayd\/xrayd\/(?:blob\/)?main\/(.*)$/.exec(url)?.[1];
    if (path !== undefined) expect(existsSync(path), url).toBe(true);
  }
  expect(readFileSync('docs/images/icon.svg', 'utf8')).toMatch(/^<svg [^>]*viewBox="0 0 256 256"/);
});

test('UPGRADING.md names the values of okgolove/aws-xray that need attention, and only values that exist', () => {
  const text = read('UPGRADING.md');
  for (const [, path = ''] of text.matchAll(/`((?:xray|service|http|local|network|image|global)\.[\w.]+)`/g))
    expect(schemaAt(path), path).toBeDefined();
  for (const value of ['image.repository', 'image.tag', 'xray.region', 'xray.bindHost', 'xray.proxyAllow'])
    expect(text).toContain(`\`${value}`);
});
