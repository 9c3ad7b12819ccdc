/**
 * npm run faults:memory [-- IDS] [--seconds N]: each memory limit with each load, in turn, with a table at the end;
 * exits 1 when one does not hold.
 */
import { parseArgs } from 'node:util';
import { CELLS, runCell } from './cells.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '20' } },
});
const chosen = CELLS.filter(
  ({ id }) => positionals.length === 0 || positionals.some((name) => id === name || id.startsWith(`${name}-`)),
);
const rows: Record<string, object> = {};
let failed = 0;
for (const cell of chosen) {
  const { peakMb, peakAnonymousMb, answers, received, problems, skipped } = await runCell(cell, {
    seconds: Number(values.seconds),
  });
  if (problems.length > 0) failed++;
  const result = skipped === undefined ? problems.join('; ') || 'good' : `SKIPPED: ${skipped}`;
  rows[cell.id] = {
    'peak (MiB)': Math.round(peakMb),
    'not page cache (MiB)': Math.round(peakAnonymousMb),
    received,
    answers: JSON.stringify(answers),
    result,
  };
  console.log(`${cell.id}: ${JSON.stringify(rows[cell.id])}`);
}
console.table(rows);
process.exit(failed === 0 ? 0 : 1);
