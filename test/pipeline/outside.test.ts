import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** What reaches outside the process, by module; `*` for all of it. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  'node:fs': ['*'],
  'node:fs/promises': ['*'],
  'node:dns': ['*'],
  'node:dns/promises': ['*'],
  'node:child_process': ['*'],
  'node:stream/consumers': ['*'],
  'node:http': ['request', 'get', 'createServer', 'Agent'],
  'node:https': ['request', 'get', 'createServer', 'Agent'],
  'node:http2': ['*'],
  'node:net': ['connect', 'createConnection', 'createServer', 'Socket'],
  'node:tls': ['connect', 'createServer'],
  'node:dgram': ['createSocket'],
  'node:worker_threads': ['Worker'],
  '@smithy/node-http-handler': ['*'],
};

/** Names that a file imports from a module as values. */
function* valuesImported(source: string): Generator<[module: string, name: string]> {
  for (const [, isType, names = '', module = ''] of source.matchAll(
    /^import (type )?(?:\w+, )?\{([^}]*)\} from '([^']+)';$/gm,
  )) {
    if (isType !== undefined) continue;
    for (const name of names.split(',')) {
      const value = name.trim().split(' as ')[0]!;
      if (value !== '' && !value.startsWith('type ')) yield [module, value];
    }
  }
  for (const [, module = ''] of source.matchAll(/^import (?:\* as )?\w+ from '([^']+)';$/gm)) yield [module, '*'];
  for (const [, module = ''] of source.matchAll(/import\('([^']+)'\)/g))
    if (module.startsWith('@aws-sdk/')) yield [module, '*'];
  if (/\bfetch\(/.test(source)) yield ['fetch', '*'];
}

const FILES = globSync('src/**/*.ts').toSorted();
const TABLE = /^## Deadlines$(.*?)^## /ms.exec(readFileSync('docs/reliability.md', 'utf8'))?.[1] ?? '';

test('every file that uses a network, a disk, a child process or a thread is in the table of deadlines of docs/reliability.md', () => {
  const missing: string[] = [];
  for (const file of FILES) {
    const used = [...valuesImported(readFileSync(file, 'utf8'))].filter(([module, name]) => {
      const names = module.startsWith('@aws-sdk/') || module === 'fetch' ? ['*'] : (OUTSIDE[module] ?? []);
      return (
        names.includes(name) || (names.includes('*') && name !== 'constants') || (name === '*' && names.length > 0)
      );
    });
    if (used.length > 0 && !TABLE.includes(file))
      missing.push(`${file}: ${used.map(([module, name]) => `${name} of ${module}`).join(', ')}`);
  }
  expect(missing).toEqual([]);
});

test('every file in the table exists', () => {
  const named = [...TABLE.matchAll(/src\/[\w/.-]+\.ts/g)].map(([file]) => file);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !FILES.includes(file))).toEqual([]);
});
