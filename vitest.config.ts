import { defineConfig } from 'vitest/config';

const ELSEWHERE = [
  'test/page/**/*.test.ts',
  'test/image/**/*.test.ts',
  'test/cluster/**/*.test.ts',
  'test/chart/chart.test.ts',
  'test/chart/release.test.ts',
];

/** `npm test` is the project "daemon"; the others need helm or root and container tools: `npm run test:page` (a browser), `test:chart`, `test:image`, `test:cluster`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/skipped-reporter.ts'],
    projects: [
      { test: { name: 'daemon', include: ['test/**/*.test.ts'], exclude: ELSEWHERE, testTimeout: 60_000 } },
      { test: { name: 'chart', include: ['test/chart/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'page', include: ['test/page/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false } },
      { test: { name: 'image', include: ['test/image/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false } },
      { test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false } },
    ],
  },
});
