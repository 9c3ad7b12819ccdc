import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ConfigFile } from '../../src/config/config-file.ts';
import { readConfigFile } from '../../src/config/file.ts';
import { writtenAs } from '../../src/config/option.ts';
import { parseConfigFile } from '../../src/config/parse-file.ts';
import { SPECS } from '../../src/config/schema.ts';
import { XraydError } from '../../src/pipeline/errors.ts';
import { CONFIG_FILES } from '../fakes/config-files.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function read(content: string | Buffer): Promise<ConfigFile | undefined> {
  const path = join(scope.folder(), 'cfg.yaml');
  writeFileSync(path, content);
  return readConfigFile(path);
}

for (const { text, option = 'region', value, isRefused } of CONFIG_FILES) {
  const content = JSON.stringify(text.toString());
  if (isRefused === true) {
    test(`${content} is refused in one sentence that names the file, as the reference refuses it`, async () => {
      const error = await read(text).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(XraydError);
      expect((error as XraydError).exitCode).toBe(1);
      expect((error as XraydError).message).toMatch(/cfg\.yaml( line \d+)?:? /);
    });
  } else {
    test(`${content} sets ${option} to ${JSON.stringify(value)}, as in the reference`, async () => {
      const name = option === 'bufferMemory' ? 'bufferBytes' : option;
      const found = (await read(text))?.values.get(name);
      expect(found === undefined ? undefined : writtenAs(SPECS[name], found)).toBe(
        value === undefined ? undefined : String(value),
      );
    });
  }
}

test('stops expanding aliases of aliases before they fill memory', () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `a${i + 1}: &a${i + 1} {<<: [${Array(9).fill(`*a${i}`).join(', ')}]}`,
  );
  expect(() => parseConfigFile('cfg.yaml', `Version: 2\na0: &a0 {x: y}\n${levels.join('\n')}\n`)).toThrow(
    /cfg\.yaml line \d+: holds too many keys/,
  );
});

test('refuses an anchor inside itself', () => {
  expect(() => parseConfigFile('cfg.yaml', 'Version: 2\nSocket: &s\n  <<: *s\n')).toThrow(
    'cfg.yaml line 3: is not YAML: an anchor is used inside of itself',
  );
});

test('warns of a key that is set twice, with both lines', () => {
  expect(parseConfigFile('cfg.yaml', 'Version: 2\nRegion: x\nRegion: y\n').warnings).toEqual([
    'cfg.yaml line 3: Region is set again; line 2 is ignored',
  ]);
});

test('only warns of an unknown key in a default file: the reference checks only the file of -c', async () => {
  const path = join(scope.folder(), 'cfg.yaml');
  writeFileSync(path, 'Version: 2\nRegoin: x\nProcessor:\n  Routine: 3\nRegion: y\n');
  const file = await readConfigFile('', [path]);
  expect([...(file?.values ?? [])]).toEqual([['region', 'y']]);
  expect(file?.warnings).toEqual([
    `${path} line 2: unknown key "Regoin". Did you mean "Region"? It is ignored.`,
    `${path} line 4: unknown key "Processor.Routine". Did you mean "Concurrency"? It is ignored.`,
  ]);
});

test('stops expanding aliases of empty aliases, too', () => {
  const levels = Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}]}`);
  expect(() => parseConfigFile('cfg.yaml', `Version: 2\na0: &a0 {}\n${levels.join('\n')}\n`)).toThrow(
    /cfg\.yaml line \d+: holds too many keys/,
  );
  const chain = Array.from({ length: 3_000 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: *a${i}}`);
  expect(() => parseConfigFile('cfg.yaml', `Version: 2\n${chain.toReversed().join('\n')}\na0: &a0 {}\n`)).toThrow(
    /cfg\.yaml line \d+: /,
  );
});

const DEPTH = 100_000;
/** Each line of a block is as long as it is deep. */
const BLOCK_DEPTH = 1_000;

test.each<[what: string, text: string]>([
  ['lists', `Region: ${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`],
  ['lists that nothing closes', `Region: ${'['.repeat(DEPTH)}`],
  ['maps', `Region: ${'{a: '.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`],
  ['lists of dashes', `Region:\n  ${'- '.repeat(DEPTH)}1`],
  ['keys that are maps', `${'? '.repeat(DEPTH)}a`],
  ['keys below keys', Array.from({ length: BLOCK_DEPTH }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
])('a file of nested %s is an error that names the file, the line and the limit', async (_what, text) => {
  const error = await read(`Version: 2\n${text}\n`).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(XraydError);
  expect((error as XraydError).message).toMatch(/cfg\.yaml line \d+: is nested more than 32 levels deep/);
});

test('reads a file as deep as any real configuration', async () => {
  expect(
    (await read('Version: 2\nRegion: eu-west-1\nSocket: {UDPAddress: 127.0.0.1:2000}\n'))?.values.get('region'),
  ).toBe('eu-west-1');
  await expect(read(`Version: 2\nRegion: ${'['.repeat(30)}${']'.repeat(30)}\n`)).rejects.toThrow(
    'Region must be a single value',
  );
});
