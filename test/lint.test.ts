import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Scope } from './fakes/scope.ts';

const scope = Scope.shared();
const run = promisify(execFile);

/** Every way to read the wall clock, or to let a Date do it. */
const READS = [
  'Date.now()',
  'Date.now',
  "Date['now']()",
  '((now = Date.now) => now())()',
  'new Date()',
  'new Date(5)',
  'Date()',
  '(({ now }) => now())(Date)',
  'Reflect.construct(Date, [])',
  'new (class extends Date {})()',
  'globalThis.Date.now()',
  'new globalThis.Date()',
  'window.Date.now()',
  'performance.timeOrigin',
];

/** Would use a proxy of the environment. */
const FETCHES = ["fetch('http://x')", 'globalThis.fetch'];

const FILES = ['src/batcher/some.ts', 'src/some.ts', 'ui/src/some.tsx'];
const lines = [...READS, ...FETCHES];

/** What the lint rejects, by file. */
const flagged = Map.groupBy(await lint(), ({ file }) => file);

async function lint(): Promise<{ file: string; line: string }[]> {
  const folder = scope.folder();
  copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
  for (const file of FILES) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), lines.map((line, i) => `export const each${i} = ${line};`).join('\n'));
  }
  const { stdout } = await run(join(process.cwd(), 'node_modules/.bin/oxlint'), ['-f', 'unix', ...FILES], {
    cwd: folder,
  }).catch((error: { stdout: string }) => error);
  return [...stdout.matchAll(/^(\S+?):(\d+):\d+: .*no-restricted-(?:globals|properties)/gm)].map(([, file, line]) => ({
    file: file!,
    line: lines[Number(line) - 1]!,
  }));
}

test.each(FILES)('the lint rejects reading the wall clock in %s, in every form', (file) => {
  const found = new Set(flagged.get(file)?.map(({ line }) => line));
  expect(READS.filter((read) => !found.has(read))).toEqual([]);
});

test('the lint rejects fetch in the sources, which would use a proxy of the environment', () => {
  for (const file of ['src/batcher/some.ts', 'src/some.ts'])
    expect(flagged.get(file)?.map(({ line }) => line)).toEqual(expect.arrayContaining(FETCHES));
});
