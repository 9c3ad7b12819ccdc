import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MB = 1024 * 1024;

/** The young generation of a process, in bytes, after a flood of objects that live for a moment. */
async function youngGeneration(hasRoom: boolean): Promise<number> {
  const program = fileURLToPath(new URL('../fakes/young-generation.ts', import.meta.url));
  const child = fork(program, [String(hasRoom)], { execArgv: ['--no-incremental-marking'] });
  const [size] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return size;
}

test('the young generation grows for requests of spans, to a limit, and otherwise not at all', async () => {
  expect(await youngGeneration(false)).toBeLessThanOrEqual(3 * MB);
  const grown = await youngGeneration(true);
  expect(grown).toBeGreaterThanOrEqual(8 * MB);
  expect(grown).toBeLessThanOrEqual(32 * MB);
});
