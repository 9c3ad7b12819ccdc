import { defineConfig } from 'vitest/config';
import { COMPILE_CACHE } from './test/build.ts';
import { LongestFirst } from './test/longest-first.ts';
import { PROPERTIES, RETRY, SUITES } from './test/suites.ts';

const ELSEWHERE = Object.values(SUITES)
  .flatMap(({ settings }) => settings.include)
  .filter((path) => !PROPERTIES.includes(path));
/** Modules of the page keep their state, and look at a browser's globals when they are loaded. */
const PAGE_MODULES = 'test/ui/**/*.test.ts';

/** What is waited for comes in milliseconds, or on a busy machine in seconds. */
const EXPECT = { poll: { timeout: 20_000 } };

/**
 * `npm run coverage` measures the processes of the tests. test/e2e tests the program in processes of its own, which V8
 * does not report on.
 */
const UNMEASURED = process.argv.includes('--coverage') ? ['test/e2e/**'] : [];

const SETUP = ['./test/expect.ts'];

/** Most of these tests wait, for timers and for other processes: six files share two cores. */
const DAEMON = {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  maxWorkers: 6,
  retry: RETRY,
  expect: EXPECT,
  env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
};

/**
 * `npm test` is the projects "daemon" and "page-modules"; each of the others has a script of its own, `npm run
 * test:NAME`.
 */
export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    globalSetup: './test/build.ts',
    sequence: { sequencer: LongestFirst },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Generated.
      exclude: ['src/filter/parser.ts', 'src/filter/parser.terms.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
      // Slightly below what is measured: 81.5 %, 78.4 %, 80.1 % and 82.7 %.
      thresholds: { statements: 80.5, branches: 77.5, functions: 79, lines: 81.5 },
    },
    projects: [
      {
        test: {
          ...DAEMON,
          name: 'daemon',
          include: ['test/**/*.test.ts'],
          exclude: [...ELSEWHERE, PAGE_MODULES, ...UNMEASURED],
          // A process of its own for each file takes more CPU time than most files. What the files share is watched by
          // test/leaks.ts.
          isolate: false,
          setupFiles: [...SETUP, './test/leaks.ts'],
        },
      },
      { test: { ...DAEMON, name: 'page-modules', include: [PAGE_MODULES], setupFiles: SETUP } },
      ...Object.entries(SUITES).map(([name, { settings }]) => ({
        test: { name, expect: EXPECT, setupFiles: SETUP, ...settings },
      })),
    ],
  },
});
