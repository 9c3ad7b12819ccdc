import { defineConfig } from 'vitest/config';

const ELSEWHERE = [
  'test/page/**/*.test.ts',
  'test/image/**/*.test.ts',
  'test/cluster/**/*.test.ts',
  'test/chart/chart.test.ts',
  'test/chart/release.test.ts',
];

/** They measure, or fill both cores: one file at a time, after all others. */
const LOADS = ['test/faults/**/*.test.ts', 'test/fuzz/**/*.test.ts', 'test/bench/**/*.test.ts'];

/** `npm test` is the projects "daemon" and "loads"; the others need helm or root and container tools: `npm run test:page` (a browser), `test:chart`, `test:image`, `test:cluster`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/skipped-reporter.ts'],
    projects: [
      // Most of these tests wait, for timers and for other processes: three files share two cores.
      {
        test: {
          name: 'daemon',
          include: ['test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...LOADS],
          testTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      { test: { name: 'loads', include: LOADS, testTimeout: 60_000, fileParallelism: false, maxConcurrency: 2, sequence: { groupOrder: 1 } } },
      { test: { name: 'chart', include: ['test/chart/**/*.test.ts'], testTimeout: 60_000 } },
      // Two browsers on two cores: a page waits for its server, and a test for both. On a machine that others use a browser is late at times: what fails is
      // tried once more, and the report says so.
      { test: { name: 'page', include: ['test/page/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2, retry: 1 } },
      { test: { name: 'image', include: ['test/image/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false } },
      { test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
    ],
  },
});
