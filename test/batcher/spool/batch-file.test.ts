import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Scope } from '../../fakes/scope.ts';

const scope = new Scope();
const MODULE = fileURLToPath(new URL('../../../src/batcher/spool/batch-file.ts', import.meta.url));
/** Writes a file of 100 KB, in three parts, and prints the code of the error. */
const WRITER = `
  import { open } from 'node:fs/promises';
  const { writeBatchFiles } = await import(process.argv[2]);
  const parts = [10_000, 80_000, 10_000].map((size) => Buffer.alloc(size, 'x'));
  const file = { path: process.argv[1] + '/file', parts, bytes: 100_000 };
  const folder = await open(process.argv[1]);
  await writeBatchFiles([file], folder).catch((error) => console.log(error.code));
  await folder.close();
`;

test('a write that is cut short, as on a full disk, says why', () => {
  // A limit of a file's size needs no disk. Without the trap, its signal ends the process.
  const limited = `trap '' XFSZ; ulimit -f 64; exec "$@"`;
  const node = [process.execPath, '--input-type=module', '--eval', WRITER, scope.folder(), MODULE];
  expect(execFileSync('sh', ['-c', limited, 'sh', ...node], { encoding: 'utf8' })).toBe('EFBIG\n');
});
