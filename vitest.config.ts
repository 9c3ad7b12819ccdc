import { defineConfig } from 'vitest/config';
import { COMPILE_CACHE } from './test/build.ts';
import { LongestFirst } from './test/longest-first.ts';
import { RETRY, SUITES } from './test/suites.ts';

const ELSEWHERE = Object.values(SUITES).flatMap(({ settings }) => settings.include);

/** What is waited for comes in milliseconds, or on a busy machine in seconds. */
const EXPECT = { poll: { timeout: 20_000 } };

const SETUP = ['./test/expect.ts'];

/** `npm test` is the project "daemon"; each of the others has a script of its own, `npm run test:NAME`. */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    globalSetup: './test/build.ts',
    sequence: { sequencer: LongestFirst },
    projects: [
      // Most of these tests wait, for timers and for other processes: six files share two cores.
      {
        test: {
          name: 'daemon',
          include: ['test/**/*.test.ts'],
          exclude: ELSEWHERE,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 6,
          retry: RETRY,
          expect: EXPECT,
          setupFiles: SETUP,
          env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
        },
      },
      ...Object.entries(SUITES).map(([name, { settings }]) => ({
        test: { name, expect: EXPECT, setupFiles: SETUP, ...settings },
      })),
    ],
  },
});
