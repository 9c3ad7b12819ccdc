import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { calibrationUs, overBudget, type Budgets } from '../../bench/gate.ts';
import { SCENARIOS } from '../../bench/scenarios.ts';

const budgets: Budgets = { 'steady-10000': { lost: { was: 0, limit: 0 }, cpuRatio: { was: 4.2, limit: 5 } } };

test('reports a figure over its limit with the old value, the new value and the limit', () => {
  expect(overBudget('steady-10000', { lost: 3, cpuRatio: 5.678 }, budgets)).toEqual([
    'steady-10000 lost: 3, was 0, limit 0',
    'steady-10000 cpuRatio: 5.68, was 4.2, limit 5',
  ]);
});

test('accepts a figure at its limit, and ignores figures without one', () => {
  expect(overBudget('steady-10000', { lost: 0, cpuRatio: 5, residentMb: 1_000 }, budgets)).toEqual([]);
  expect(overBudget('idle', { residentMb: 1_000 }, budgets)).toEqual([]);
});

test('treats a figure that was not measured as over its limit', () => {
  expect(overBudget('steady-10000', { lost: 0 }, budgets)).toEqual([
    'steady-10000 cpuRatio: not measured, was 4.2, limit 5',
  ]);
});

test('each budget belongs to an existing scenario', () => {
  const names = Object.keys(
    JSON.parse(readFileSync(new URL('../../bench/budgets.json', import.meta.url), 'utf8')) as Budgets,
  );
  expect(SCENARIOS.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
});

test('the calibration takes measurable time', () => {
  expect(calibrationUs()).toBeGreaterThan(0.1);
});

test.skipIf(process.platform !== 'linux')(
  'the gate fails if each document costs 20 more runs of the calibration loop',
  () => {
    const program = fileURLToPath(new URL('../../bench/ci.ts', import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-gate-'));
    const gate = (limit: number, ...more: string[]) => {
      const file = join(folder, 'budgets.json');
      writeFileSync(
        file,
        JSON.stringify({ 'steady-1000': { lost: { was: 0, limit: 0 }, cpuRatio: { was: 0, limit } } }),
      );
      return spawnSync(process.execPath, [program, 'steady-1000', '--tries', '1', '--budgets', file, ...more], {
        encoding: 'utf8',
      });
    };
    try {
      // Of this machine, now: machines differ in it by three times.
      const { stdout } = gate(1_000);
      const ratio = Number(/"cpuRatio":([\d.]+)/.exec(stdout)?.[1]);
      expect(stdout).toContain('every figure is within');
      const slow = gate(ratio + 10, '--preload', 'slow');
      expect(slow.stdout).toMatch(/over budget:[^]*steady-1000 cpuRatio: [\d.]+, was 0, limit [\d.]+/);
      expect(slow.status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
