import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('fixed-work.mjs', import.meta.url));

/**
 * What the kernel's books charge for a piece of work that is always the same, in ms: the most, the 99th percentile and the median, over `threads` at
 * once. It says how much of a longest turn is the machine's own, as its hypervisor's pauses.
 */
export async function fixedWork(threads: number, seconds: number): Promise<{ pieceP50Ms: number; pieceP99Ms: number; pieceMaxMs: number }> {
  const run = promisify(execFile);
  const outputs = await Promise.all(Array.from({ length: threads }, () => run(process.execPath, [PROGRAM, String(seconds)])));
  const each = outputs.map(({ stdout }) => JSON.parse(stdout) as { median: number; p99: number; max: number });
  const most = (values: number[]): number => Number(Math.max(...values).toPrecision(3));
  return {
    pieceP50Ms: most(each.map(({ median }) => median)),
    pieceP99Ms: most(each.map(({ p99 }) => p99)),
    pieceMaxMs: most(each.map(({ max }) => max)),
  };
}
