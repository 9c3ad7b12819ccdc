import { expect, test } from 'vitest';
import { memoryReliefOf } from '../../src/compose/memory-relief.ts';
import { MB } from '../../src/pipeline/units.ts';

function collected(): { readonly count: () => number; collectGarbage(): Promise<void> } {
  let count = 0;
  return {
    count: () => count,
    collectGarbage: async () => void count++,
  };
}

test('collects the garbage of all threads when most of a small limit is in use, and not before', async () => {
  const threads = collected();
  let usedBytes = 70 * MB;
  const free = memoryReliefOf(128 * MB, threads, () => usedBytes)!;
  await free();
  expect(threads.count()).toBe(0);
  usedBytes = 100 * MB;
  await free();
  expect(threads.count()).toBe(1);
});

test('does nothing where memory is not scarce', () => {
  expect(memoryReliefOf(undefined, collected())).toBeUndefined();
  expect(memoryReliefOf(1_024 * MB, collected())).toBeUndefined();
});

test('reads what the process uses from the system', async () => {
  const threads = collected();
  // Any process uses more than this.
  await memoryReliefOf(MB, threads)!();
  expect(threads.count()).toBe(process.platform === 'linux' ? 1 : 0);
});
