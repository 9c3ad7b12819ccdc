import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../../src/commands/write-whole.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

test('of many writers of one file one is whole at every moment, and nothing is left beside it', async () => {
  const folder = scope.folder();
  const path = join(folder, 'traces.json');
  writeFileSync(path, 'old');
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(3_000_000));
  const allowed = new Set(['old', ...texts]);
  const done = new AbortController();
  const writes = Promise.all(Array.from({ length: 9 }, (_, i) => writeWhole(path, texts[i % 3]!))).then(() => done.abort());
  while (!done.signal.aborted) {
    expect(allowed.has(readFileSync(path, 'utf8'))).toBe(true);
    await new Promise(setImmediate);
  }
  await writes;
  expect(readdirSync(folder)).toEqual(['traces.json']);
});

test('a link stays a link, and what is no file is written as it is', async () => {
  const folder = scope.folder();
  writeFileSync(join(folder, 'file'), 'old');
  symlinkSync(join(folder, 'file'), join(folder, 'link'));
  await writeWhole(join(folder, 'link'), 'new');
  expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('new');
  await writeWhole('/dev/null', 'gone');
  mkdirSync(join(folder, 'folder'));
  await expect(writeWhole(join(folder, 'folder'), 'x')).rejects.toThrow(/EISDIR/);
  await expect(writeWhole(join(folder, 'none', 'file'), 'x')).rejects.toThrow(/ENOENT/);
});

test('a new file is its owner’s alone, and an old one keeps its mode', async () => {
  const path = join(scope.folder(), 'traces.json');
  await writeWhole(path, 'a');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o640);
  await writeWhole(path, 'b');
  expect(statSync(path).mode & 0o777).toBe(0o640);
});
