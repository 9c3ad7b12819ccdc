import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { randomToken } from '../../src/compose/readers-token.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const folderOf = (): string => {
  const folder = scope.folder();
  mkdirSync(folder, { recursive: true });
  return folder;
};

test('the token of a store that is kept survives a restart, in a file that only its owner reads', () => {
  const data = join(folderOf(), 'traces.db');
  const log = new MemoryLog();
  const token = randomToken(data, log);
  expect(token).toMatch(/^[\da-f]{32}$/);
  expect(randomToken(data, log)).toBe(token);
  expect(readFileSync(`${data}-token`, 'utf8')).toBe(token);
  expect(statSync(`${data}-token`).mode & 0o777).toBe(0o600);
  expect(log.lines).toEqual([]);
});

test('without --data, each start has another token', () => {
  expect(randomToken('', new MemoryLog())).not.toBe(randomToken('', new MemoryLog()));
});

test.each(['', 'half', '\0'.repeat(32)])('a damaged file (%j) is written again', (content) => {
  const data = join(folderOf(), 'traces.db');
  writeFileSync(`${data}-token`, content);
  const token = randomToken(data, new MemoryLog());
  expect(token).toMatch(/^[\da-f]{32}$/);
  expect(randomToken(data, new MemoryLog())).toBe(token);
});

test('a file that cannot be used is a warning, and readers still need a token', () => {
  const data = join(folderOf(), 'traces.db');
  mkdirSync(`${data}-token`);
  const log = new MemoryLog();
  expect(randomToken(data, log)).toMatch(/^[\da-f]{32}$/);
  expect(log.find(/traces\.db-token cannot be used/, 'warn')).toHaveLength(1);
});
