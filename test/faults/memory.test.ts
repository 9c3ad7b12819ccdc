import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { CELLS, runCell } from './memory/cells.ts';

// The hardest of each mode, in short; every limit with every load is `npm run faults:memory`.
const SHORT = new Set([
  'memory-daemon-128-all',
  'memory-local-128-headers',
  'memory-local-128-tcp-varied',
  'memory-local-128-large-graphs',
  'memory-local-192-all',
  'memory-local-256-all',
  'memory-local-512-tcp-hostile',
]);

// What runs in production: to strip types the sources take 10 MB more.
beforeAll(
  () => void execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/build.ts', import.meta.url))]),
  60_000,
);

test.each(CELLS.filter(({ id }) => SHORT.has(id)))(
  '$id: $mode with a memory limit of $limitMb MiB survives $loads, and its accounting is exact',
  async (cell) => {
    const outcome = await runCell(cell, { seconds: 5 });
    if (outcome.skipped !== undefined) {
      // CI's runners may make control groups; a laptop's user may not.
      expect(process.env['CI']).toBeUndefined();
      console.warn(`${cell.id} skipped: ${outcome.skipped}`);
    }
    expect(outcome.problems, JSON.stringify(outcome)).toEqual([]);
  },
  60_000,
);
