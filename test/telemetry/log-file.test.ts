import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LogFile } from '../../src/telemetry/log-file.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const MODULE = fileURLToPath(new URL('../../src/telemetry/log-file.ts', import.meta.url));

async function open(
  path: string,
  config: { hasRotation?: boolean; maxBytes?: number } = {},
): Promise<LogFile & { broken: unknown[] }> {
  const broken: unknown[] = [];
  const file = await LogFile.open({ path, hasRotation: true, ...config, onBroken: (error) => broken.push(error) });
  scope.add(() => file.close());
  return Object.assign(file, { broken });
}

const turn = (): Promise<void> => new Promise((next) => setTimeout(next, 1));

function linesIn(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').filter((line) => line !== '')); // prettier-ignore
}

test('rotates a log at its maximum size, and keeps the last five', async () => {
  const folder = scope.folder();
  const file = await open(join(folder, 'xrayd.log'), { maxBytes: 1_000 });
  for (let i = 0; i < 500; i++) {
    file.write(`line ${String(i).padStart(4, '0')} ${'x'.repeat(50)}\n`);
    await turn();
  }
  await file.close();
  expect(readdirSync(folder).toSorted()).toEqual([
    'xrayd.log',
    'xrayd.log.1',
    'xrayd.log.2',
    'xrayd.log.3',
    'xrayd.log.4',
    'xrayd.log.5',
  ]);
  const kept = linesIn(folder).map((line) => line.slice(5, 9)).toSorted(); // prettier-ignore
  expect(kept.at(-1)).toBe('0499');
  expect(kept.length).toBe(500 - Number(kept[0]));
});

test('grows without limit if rotation is off', async () => {
  const folder = scope.folder();
  const file = await open(join(folder, 'xrayd.log'), { hasRotation: false, maxBytes: 100 });
  for (let i = 0; i < 100; i++) {
    file.write(`line ${i}\n`);
    await turn();
  }
  await file.close();
  expect(readdirSync(folder)).toEqual(['xrayd.log']);
});

test('processes that write one log during a rotation lose no line and split none', async () => {
  const folder = scope.folder();
  const path = join(folder, 'xrayd.log');
  // 4 × 1,500 lines of 70 bytes: the five that are kept and the current one hold them all.
  const script = `
    import { LogFile } from '${MODULE}';
    const file = await LogFile.open({ path: '${path}', hasRotation: true, maxBytes: 100_000, onBroken: (error) => { throw error; } });
    for (let i = 0; i < 1_500; i++) {
      if (!file.write(process.argv[1] + '-' + i + ' ' + 'x'.repeat(60) + '\\n')) throw new Error('refused');
      if (i % 5 === 0) await new Promise((next) => setTimeout(next, 1));
    }
    await file.close();`;
  const writers = ['a', 'b', 'c', 'd'].map((name) =>
    spawn(process.execPath, ['--input-type=module', '--eval', script, name], { stdio: 'inherit' }),
  );
  const ends = await Promise.all(writers.map((writer) => once(writer, 'exit')));
  expect(ends).toEqual(writers.map(() => [0, null]));
  // How often it starts anew depends on how the four processes share the cores.
  expect(readdirSync(folder).length).toBeGreaterThan(1);
  expect(readdirSync(folder)).not.toContain('xrayd.log.lock');
  const expected = ['a', 'b', 'c', 'd'].flatMap((name) =>
    Array.from({ length: 1_500 }, (_, i) => `${name}-${i} ${'x'.repeat(60)}`),
  );
  expect(linesIn(folder).toSorted()).toEqual(expected.toSorted());
});

test('recreates a log that another tool moves or deletes', async () => {
  const folder = scope.folder();
  const path = join(folder, 'xrayd.log');
  const file = await open(path, { maxBytes: 80 });
  file.write('first\n');
  await expect.poll(() => readFileSync(path, 'utf8')).toBe('first\n');
  for (const [name, remove] of [
    ['moved', () => renameSync(path, `${path}-20261128`)],
    ['deleted', () => rmSync(path)],
  ] as const) {
    remove();
    await expect
      .poll(() => file.write(`${name}\n`) && existsSync(path) && readFileSync(path, 'utf8').includes(name), {
        interval: 5,
      })
      .toBe(true);
  }
  expect(readFileSync(`${path}-20261128`, 'utf8')).toMatch(/^first\n/);
  expect(file.broken).toEqual([]);
});

test('a pipe instead of a log file is an immediate error, not a wait for its reader', async () => {
  const path = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [path]);
  await expect(open(path)).rejects.toThrow(`${path} is not a file`);
  writeFileSync(join(path, '..', 'file'), '');
  await expect(open(join(path, '..', 'file', 'xrayd.log'))).rejects.toThrow(/EEXIST|ENOTDIR/);
});
