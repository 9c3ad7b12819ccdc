import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRegularFile, readTextFile } from '../../src/pipeline/read-file.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function pipe(): string {
  const path = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

test('reads a whole file, even an empty one', async () => {
  const path = join(scope.folder(), 'file');
  writeFileSync(path, 'x'.repeat(200_000));
  expect(await readTextFile(path, { timeoutMs: 1_000 })).toHaveLength(200_000);
  writeFileSync(path, '');
  expect(await readTextFile(path, { timeoutMs: 1_000 })).toBe('');
});

test('/dev/null, which people use for "no configuration", is empty at once', async () => {
  expect(await readTextFile('/dev/null', { timeoutMs: 1_000 })).toBe('');
});

test('the error for a folder names its path', async () => {
  const path = scope.folder();
  await expect(readTextFile(path, { timeoutMs: 1_000 })).rejects.toThrow(`${path} is a folder`);
});

test('refuses a file that is too large', async () => {
  const path = join(scope.folder(), 'file');
  writeFileSync(path, 'x'.repeat(2_000));
  await expect(readTextFile(path, { timeoutMs: 1_000, maxBytes: 1_000 })).rejects.toThrow('larger than 1000 bytes');
});

test('gives up on a pipe without a writer at its deadline, every time, and occupies no thread', async () => {
  const path = pipe();
  for (let i = 0; i < 6; i++)
    await expect(readTextFile(path, { timeoutMs: 30 })).rejects.toThrow(/no answer within 30 ms/);
  // All of libuv's threads are there for others.
  const other = join(scope.folder(), 'other');
  writeFileSync(other, 'there');
  expect(await readTextFile(other, { timeoutMs: 1_000 })).toBe('there');
});

test('reads a pipe to its end whose writer comes late and writes in parts', async () => {
  const path = pipe();
  const text = readTextFile(path, { timeoutMs: 5_000 });
  execFile('sh', ['-c', '(sleep 0.2; printf one; sleep 0.2; printf two) > "$1"', 'sh', path]);
  expect(await text).toBe('onetwo');
});

test('reads synchronously from regular files only', () => {
  expect(() => readRegularFile(pipe())).toThrow('is not a regular file');
  expect(readRegularFile(import.meta.filename)).toContain('is read from a regular file only');
});
