import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../../src/cli/write-whole.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
/** Whether this process may mount in a namespace of its own. */
const canMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

test('with many writers of one file, the file is complete at every moment, and no other file remains', async () => {
  const folder = scope.folder();
  const path = join(folder, 'traces.json');
  writeFileSync(path, 'old');
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(3_000_000));
  const allowed = new Set(['old', ...texts]);
  const done = new AbortController();
  const writes = Promise.all(Array.from({ length: 9 }, (_, i) => writeWhole(path, texts[i % 3]!))).then(() =>
    done.abort(),
  );
  while (!done.signal.aborted) {
    expect(allowed.has(readFileSync(path, 'utf8'))).toBe(true);
    await new Promise(setImmediate);
  }
  await writes;
  expect(readdirSync(folder)).toEqual(['traces.json']);
});

test('keeps a link a link, and writes to a pipe or device directly', async () => {
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

test('creates a new file for its owner only, and keeps the mode of an existing one', async () => {
  const path = join(scope.folder(), 'traces.json');
  await writeWhole(path, 'a');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  chmodSync(path, 0o640);
  await writeWhole(path, 'b');
  expect(statSync(path).mode & 0o777).toBe(0o640);
});

test.skipIf(process.getuid?.() !== 0)(
  `a file of another user stays that user's${process.getuid?.() === 0 ? '' : ' (skipped: only root can make one)'}`,
  async () => {
    const path = join(scope.folder(), 'traces.json');
    writeFileSync(path, 'old');
    chownSync(path, 1_234, 1_234);
    await writeWhole(path, 'new');
    expect(statSync(path)).toMatchObject({ uid: 1_234, gid: 1_234 });
    expect(readFileSync(path, 'utf8')).toBe('new');
  },
);

test.skipIf(!canMount)(
  `writes a file in place that is mounted individually${canMount ? '' : ' (skipped: this process may not mount)'}`,
  () => {
    const folder = scope.folder();
    const [path, program] = [
      join(folder, 'traces.json'),
      new URL('../../src/cli/write-whole.ts', import.meta.url).href,
    ];
    writeFileSync(path, 'a longer old text');
    const code = `import { writeWhole } from '${program}'; await writeWhole('${path}', 'new');`;
    const shell = `mount --bind '${path}' '${path}' && exec '${process.execPath}' --input-type=module --eval "$0"`;
    execFileSync('unshare', ['--mount', 'sh', '-c', shell, code]);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['traces.json']);
  },
);

test('writes a file in place whose name is too long for a temporary file', async () => {
  const path = join(scope.folder(), 'n'.repeat(250));
  writeFileSync(path, 'old');
  await writeWhole(path, 'new');
  expect(readFileSync(path, 'utf8')).toBe('new');
});
