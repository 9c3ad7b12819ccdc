import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { Scope } from './fakes/scope.ts';

const scope = new Scope();
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

test.each(['src/batcher/some.ts', 'src/some.ts', 'ui/src/some.tsx'])(
  'the lint rejects reading the wall clock in %s, in every form',
  async (path) => {
    const folder = scope.folder();
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), READS.map((read, i) => `export const read${i} = ${read};`).join('\n'));
    const { stdout } = await run(join(process.cwd(), 'node_modules/.bin/oxlint'), ['-f', 'unix', path], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    const flagged = [...stdout.matchAll(/:(\d+):\d+: .*no-restricted-(?:globals|properties)/g)].map(
      ([, line]) => READS[Number(line) - 1],
    );
    expect(READS.filter((read) => !flagged.includes(read))).toEqual([]);
  },
);

test.each(["fetch('http://x')", 'globalThis.fetch'])(
  'the lint rejects %s in the sources, which would use a proxy of the environment',
  async (call) => {
    const folder = scope.folder();
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'src/some.ts'), `export const answer = ${call};`);
    const { stdout } = await run(join(process.cwd(), 'node_modules/.bin/oxlint'), ['-f', 'unix', 'src'], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toMatch(/no-restricted-(globals|properties)/);
  },
);
