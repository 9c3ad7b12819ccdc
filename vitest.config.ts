import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { SUITES } from './test/suites.ts';

const ELSEWHERE = Object.values(SUITES).flatMap(({ include }) => include);

/** `npm test` is the project "daemon"; each of the others has a script of its own, `npm run test:NAME`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    globalSetup: './test/build.ts',
    projects: [
      // Most of these tests wait, for timers and for other processes: many files share two cores. The longest are begun first.
      { test: { name: 'daemon', include: ['test/**/*.test.ts'], exclude: ELSEWHERE, testTimeout: 60_000, maxWorkers: 6 } },
      ...Object.entries(SUITES).map(([name, { needs: _, about: _about, ...options }]): TestProjectConfiguration => ({ test: { name, ...options } })),
    ],
  },
});
