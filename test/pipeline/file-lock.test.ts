import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { lockFile, lockHolder, type FileLock } from '../../src/pipeline/file-lock.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const MODULE = fileURLToPath(new URL('../../src/pipeline/file-lock.ts', import.meta.url));

function take(path: string): FileLock {
  const lock = lockFile(path, 'create');
  if (typeof lock === 'string') throw new Error(lock);
  scope.add(() => lock.release());
  return lock;
}

/** What another process gets, which ends then. */
function elsewhere(path: string, mode: 'create' | 'existing', how: object = {}): string {
  const script = `import { lockFile } from '${MODULE}'; const lock = lockFile('${path}', '${mode}'); console.log(typeof lock === 'string' ? lock : 'taken');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    ...how,
  });
  return stdout.trim() || (/^Error: (.*)/m.exec(stderr)?.[1] ?? stderr);
}

test('one process holds a lock at a time; its end releases the lock', () => {
  const path = join(scope.folder(), 'it’s 100% "odd"?.lock'.replaceAll(/['"]/g, ''));
  const lock = take(path);
  expect([lockFile(path, 'existing'), elsewhere(path, 'existing')]).toEqual(['held', 'held']);
  lock.release();
  expect(elsewhere(path, 'existing')).toBe('taken');
  take(path);
});

test('leaves one empty file and no other', () => {
  const folder = scope.folder();
  take(join(folder, 'lock'));
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('creates a missing file only on request; a file that its holder removed is missing', () => {
  const path = join(scope.folder(), 'lock');
  expect(lockFile(path, 'existing')).toBe('missing');
  expect(existsSync(path)).toBe(false);
  expect(lockFile(join(path, 'in', 'no', 'folder'), 'create')).toBe('missing');
  take(path);
  unlinkSync(path);
  expect(lockFile(path, 'existing')).toBe('missing');
});

test('a refused second lock in the process does not release the first', () => {
  const path = join(scope.folder(), 'lock');
  take(path);
  for (let i = 0; i < 3; i++) expect(lockFile(path, 'create')).toBe('held');
  expect(elsewhere(path, 'create')).toBe('held');
});

test('keeps a lock that nothing refers to', () => {
  const path = join(scope.folder(), 'lock');
  const script = `import { lockFile } from '${MODULE}'; lockFile('${path}', 'create'); gc(); await new Promise(setImmediate); gc(); console.log(lockFile('${path}', 'create'));`;
  const { stdout } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('held\n');
});

test('reports the system’s reason if a file cannot be opened', () => {
  const folder = scope.folder();
  mkdirSync(join(folder, 'a-folder'));
  expect(() => lockFile(join(folder, 'a-folder'), 'create')).toThrow();
  writeFileSync(join(folder, 'text'), 'no database, and longer than the header of one would be. '.repeat(10));
  expect(() => lockFile(join(folder, 'text'), 'create')).toThrow(/not a database/);
  if (process.getuid?.() !== 0) return;
  const path = join(folder, 'lock');
  chmodSync(folder, 0o755);
  writeFileSync(path, '');
  chmodSync(path, 0o600);
  expect(elsewhere(path, 'existing', { uid: 12_345, gid: 12_345 })).toMatch(/EACCES: permission denied.*lock/);
});

test.skipIf(process.platform !== 'linux')('knows the holder of a lock on Linux', () => {
  const path = join(scope.folder(), 'lock');
  const lock = take(path);
  expect(lockHolder(path)).toBe(process.pid);
  lock.release();
  expect(lockHolder(path)).toBeUndefined();
  rmSync(path);
  expect(lockHolder(path)).toBeUndefined();
});

test('one process at a time holds the lock, while many create, lock and remove its file', async () => {
  const folder = scope.folder();
  const path = join(folder, 'lock');
  const script = `
    import { closeSync, openSync, unlinkSync } from 'node:fs';
    import { lockFile } from '${MODULE}';
    let taken = 0;
    while (taken < 150) {
      const lock = lockFile('${path}', 'create');
      if (typeof lock === 'string') continue;
      taken++;
      closeSync(openSync('${path}.holder', 'wx'));
      unlinkSync('${path}.holder');
      unlinkSync('${path}');
      lock.release();
    }`;
  const processes = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  const errors: string[] = [];
  for (const { stderr } of processes) stderr.on('data', (text: Buffer) => errors.push(text.toString()));
  const ends = await Promise.all(processes.map(async (each) => once(each, 'exit')));
  expect([ends, errors]).toEqual([processes.map(() => [0, null]), []]);
});
