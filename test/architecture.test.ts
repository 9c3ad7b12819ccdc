import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { WORD_OPERATORS } from '../src/filter/expression.ts';

interface Module {
  readonly path: string;
  /** undefined: everything; then `not` has what is left out. */
  readonly mayImport: readonly string[] | undefined;
  readonly not: readonly string[];
}

const named = (name: string): string => (name === 'main' ? 'src/main.ts' : name === 'ui' ? 'ui' : `src/${name}`);

/** The rows of the table in docs/architecture.md. */
const MODULES: readonly Module[] = [
  ...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| ((?:src|ui)\S*) \| [^|]+ \| ([^|]+) \|$/gm),
].map(([, path, words]) => {
  const names = (words: string): string[] => (words === 'nothing' ? [] : words.split(', ').map(named));
  const [, excluded] = /^everything(?: but (.*))?$/.exec(words!) ?? [];
  if (words!.startsWith('everything'))
    return { path: path!, mayImport: undefined, not: excluded === undefined ? [] : names(excluded) };
  return { path: path!, mayImport: names(words!), not: [] };
});

interface Import {
  readonly from: string;
  readonly to: string;
}

const FILES = globSync(['src/**/*.ts', 'ui/src/**/*.{ts,tsx}']);
const IMPORTS: readonly Import[] = FILES.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^'?]+)/g)].map(([, specifier]) => ({
    from,
    to: normalize(join(dirname(from), specifier!)),
  })),
);

/** The longest path that holds the file. */
function moduleOf(file: string): Module | undefined {
  const holds = ({ path }: Module): boolean => file === path || file.startsWith(`${path}/`);
  return MODULES.filter(holds).toSorted((a, b) => b.path.length - a.path.length)[0];
}

function isAllowed(from: Module, to: Module): boolean {
  return from === to || (from.mayImport?.includes(to.path) ?? !from.not.includes(to.path));
}

test('every source file belongs to a module of docs/architecture.md, of which there are at most 26', () => {
  expect(FILES.filter((file) => moduleOf(file) === undefined)).toEqual([]);
  expect(MODULES.length).toBeLessThanOrEqual(26);
  expect(MODULES.filter(({ path }) => !FILES.some((file) => moduleOf(file)?.path === path))).toEqual([]);
});

test('the table of modules allows every import', () => {
  const wrong = IMPORTS.filter(({ from, to }) => {
    const [importer, imported] = [moduleOf(from)!, moduleOf(to)];
    return imported !== undefined && !isAllowed(importer, imported);
  });
  expect(wrong).toEqual([]);
});

test('the table names modules only, has no cycle, and allows nothing that no file imports', () => {
  const byPath = new Map(MODULES.map((module) => [module.path, module]));
  expect(
    MODULES.flatMap(({ mayImport, not }) => [...(mayImport ?? []), ...not]).filter((path) => !byPath.has(path)),
  ).toEqual([]);
  const levels = new Map<string, number>();
  const levelOf = (path: string, above: readonly string[]): number => {
    if (above.includes(path)) throw new Error(`a cycle: ${[...above, path].join(' -> ')}`);
    const known = levels.get(path);
    if (known !== undefined) return known;
    const level =
      1 + Math.max(0, ...(byPath.get(path)!.mayImport ?? []).map((below) => levelOf(below, [...above, path])));
    levels.set(path, level);
    return level;
  };
  for (const { path } of MODULES) levelOf(path, []);
  const used = new Set(IMPORTS.map(({ from, to }) => `${moduleOf(from)!.path} ${moduleOf(to)?.path}`));
  expect(
    MODULES.flatMap(({ path, mayImport }) =>
      (mayImport ?? []).filter((below) => !used.has(`${path} ${below}`)).map((below) => `${path} ${below}`),
    ),
  ).toEqual([]);
});

test('no file imports itself by way of others, types included', () => {
  const imported = new Map<string, string[]>();
  for (const { from, to } of IMPORTS) imported.set(from, [...(imported.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, above: readonly string[]): void => {
    if (above.includes(file)) {
      cycles.push([...above.slice(above.indexOf(file)), file].join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of imported.get(file) ?? []) visit(next, [...above, file]);
    done.add(file);
  };
  for (const file of FILES) visit(file, []);
  expect(cycles).toEqual([]);
});

test('every file that docs/architecture.md names exists', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const named = [...text.matchAll(/\b(?:src|ui|bench|test|scripts)\/[\w./-]+\.(?:tsx?|c)\b/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test('every name of code that docs/architecture.md gives occurs in the code', () => {
  const text = readFileSync('docs/architecture.md', 'utf8');
  const sources = FILES.map((file) => readFileSync(file, 'utf8')).join('\n');
  // `DocumentSink.keep`, `#drain`, `MAX_DRAIN_MS`: not options, commands or paths.
  const names = [...text.matchAll(/`(#?[A-Za-z_]+(?:\.[a-z]+)?)`/g)].flatMap(([, name]) => name!.split('.'));
  expect(names.length).toBeGreaterThan(50);
  expect([...new Set(names)].filter((name) => !new RegExp(`(?<![\\w])${name}\\b`).test(sources))).toEqual([]);
});

test('no file but their tables lists the receivers of spans, so that a new one is not forgotten there', () => {
  const tables = [
    'src/compose/receivers.ts',
    'src/config/span-options.ts',
    // Starts each receiver on a free port and returns its URL under a public name.
    'src/compose/library.ts',
  ];
  const lists = FILES.filter((file) => ['otlpGrpc', 'zipkin'].every((option) => isNamedIn(file, option)));
  expect(lists.toSorted()).toEqual(tables.toSorted());
});

test('no file but the filter language itself lists the operators in words', () => {
  const files = ['expression', 'keywords', 'compare', 'parser.terms'].map((name) => `src/filter/${name}.ts`);
  const lists = FILES.filter((file) =>
    WORD_OPERATORS.every((operator) => [operator, operator.toUpperCase()].some((word) => isNamedIn(file, word))),
  );
  expect(lists.toSorted()).toEqual(files.toSorted());
});

function isNamedIn(file: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(readFileSync(file, 'utf8'));
}
