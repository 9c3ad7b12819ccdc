import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { importAccessLogs } from '../../src/cli/access-log.ts';
import { textFrom } from '../../src/cli/import.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const MB = 1024 * 1024;

async function imported(chunks: Iterable<string>): Promise<{ code: number; said: string }> {
  const file = join(scope.folder(), 'access.log');
  await pipeline(Readable.from(chunks), createWriteStream(file));
  let said = '';
  const local = { attachLines: async () => ({ attached: 0, known: 0, missing: 0, beyond: 0 }) };
  const code = await importAccessLogs([file], local, { say: (text) => void (said += text), progress: () => {} });
  return { code, said };
}

test('a line that is too long is skipped', async () => {
  const { code, said } = await imported(['a'.repeat(MB), '\n\n', 'b'.repeat(MB), '\n']);
  expect([code, said]).toEqual([
    1,
    expect.stringContaining('line 1 is longer than 65536 bytes (and 1 more line like it)'),
  ]);
});

test('a line without an end ends the reading of its file', async () => {
  const { code, said } = await imported(['\n', ...Array.from({ length: 17 }, () => 'a'.repeat(MB))]);
  expect([code, said]).toEqual([1, expect.stringContaining('after line 1: a line has more than 16777216 bytes')]);
});

test('standard input without an end is refused', async () => {
  let chunks = 0;
  const endless = (async function* () {
    for (; ; chunks++) yield Buffer.alloc(100);
  })();
  await expect(textFrom(endless, 1_000)).rejects.toThrow('it is larger than 1000 bytes');
  expect(chunks).toBe(10);
});
