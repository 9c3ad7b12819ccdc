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

test('a file is read whole, an empty one too', async () => {
  const path = join(scope.folder(), 'file');
  writeFileSync(path, 'x'.repeat(200_000));
  expect(await readTextFile(path, { timeoutMs: 1_000 })).toHaveLength(200_000);
  writeFileSync(path, '');
  expect(await readTextFile(path, { timeoutMs: 1_000 })).toBe('');
});

test('/dev/null, which people name to say that there is no configuration, is empty at once', async () => {
  expect(await readTextFile('/dev/null', { timeoutMs: 1_000 })).toBe('');
});

test('a file that is too large is refused', async () => {
  const path = join(scope.folder(), 'file');
  writeFileSync(path, 'x'.repeat(2_000));
  await expect(readTextFile(path, { timeoutMs: 1_000, maxBytes: 1_000 })).rejects.toThrow('larger than 1000 bytes');
});

test('a pipe that nobody writes to ends at its deadline, however often it is asked, and holds no thread', async () => {
  const path = pipe();
  for (let i = 0; i < 6; i++) await expect(readTextFile(path, { timeoutMs: 30 })).rejects.toThrow(/no answer within 30 ms/);
  // All of libuv's threads are there for others.
  const other = join(scope.folder(), 'other');
  writeFileSync(other, 'there');
  expect(await readTextFile(other, { timeoutMs: 1_000 })).toBe('there');
});

test('a pipe whose writer comes late, and writes in parts, is read to its end', async () => {
  const path = pipe();
  const text = readTextFile(path, { timeoutMs: 5_000 });
  execFile('sh', ['-c', '(sleep 0.2; printf one; sleep 0.2; printf two) > "$1"', 'sh', path]);
  expect(await text).toBe('onetwo');
});

test('what is needed at once is read from a regular file only', () => {
  expect(() => readRegularFile(pipe())).toThrow('is not a regular file');
  expect(readRegularFile(import.meta.filename)).toContain('is read from a regular file only');
});
