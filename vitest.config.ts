import { defineConfig } from 'vitest/config';
import { RETRY, SUITES } from './test/suites.ts';

const ELSEWHERE = Object.values(SUITES).flatMap(({ settings }) => settings.include);

/** `npm test` is the project "daemon"; each of the others has a script of its own, `npm run test:NAME`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    globalSetup: './test/build.ts',
    projects: [
      // Most of these tests wait, for timers and for other processes: six files share two cores.
      { test: { name: 'daemon', include: ['test/**/*.test.ts'], exclude: ELSEWHERE, testTimeout: 60_000, maxWorkers: 6, retry: RETRY } },
      ...Object.entries(SUITES).map(([name, { settings }]) => ({ test: { name, ...settings } })),
    ],
  },
});
