import type { ProjectConfig } from 'vitest/node';
import { COMPILE_CACHE } from './build.ts';

type Settings = Pick<
  ProjectConfig,
  'testTimeout' | 'hookTimeout' | 'fileParallelism' | 'maxConcurrency' | 'maxWorkers' | 'retry' | 'env'
>;

interface Suite {
  /** What its tests are, for the one who has not run them. */
  readonly about: string;
  /** What must be installed. */
  readonly needs?: string;
  readonly settings: Settings & { readonly include: string[] };
}

const MINUTE = 60_000;

/**
 * What fails in CI is tried once more, and the end of the run names it. The tests are of sockets, timers and processes
 * of a machine that others use too; what is random in them has a fixed seed, so a fault of the program fails twice.
 * Whoever runs them by hand sees the first failure.
 */
export const RETRY = process.env['CI'] === undefined ? 0 : 1;

/** Property tests of `npm test`, which `npm run test:fuzz` runs with three times as many cases (`cases` of test/fakes). */
export const PROPERTIES: readonly string[] = ['filter/agreement', 'filter/parse', 'filter/text', 'store/text-scan'].map(
  (name) => `test/${name}.test.ts`,
);

/**
 * What `npm test` leaves out, since it takes minutes, fills both cores or needs more than Node. `npm run test:NAME`
 * runs one, `npm run test:all` everything.
 */
export const SUITES: Readonly<Record<string, Suite>> = {
  faults: {
    about: 'outages, kills and memory limits in short',
    settings: {
      include: ['test/faults/**/*.test.ts'],
      testTimeout: MINUTE,
      fileParallelism: false,
      maxConcurrency: 3,
      retry: RETRY,
    },
  },
  fuzz: {
    about: 'random input, and the gate of the benchmarks',
    settings: {
      include: ['test/fuzz/**/*.test.ts', 'test/bench/gate.test.ts', ...PROPERTIES],
      testTimeout: 5 * MINUTE,
      fileParallelism: false,
      env: { XRAYD_TEST_CASES: '3' },
    },
  },
  clients: {
    about: 'SDKs of other languages',
    needs: 'python3, go, maven',
    settings: { include: ['test/clients/**/*.test.ts'], testTimeout: MINUTE, maxWorkers: 2 },
  },
  chart: {
    about: 'the Helm chart',
    needs: 'go',
    settings: {
      include: ['chart', 'leaves', 'release'].map((name) => `test/chart/${name}.test.ts`),
      testTimeout: MINUTE,
    },
  },
  page: {
    about: 'the page',
    needs: 'chromium, firefox-esr, and for the traces of SDKs python3, go, maven',
    // Two browsers on two cores: a page waits for its server, and a test for both. A browser on a machine that is
    // shared is late at times: what fails is tried once more, and the report says so. A wait of a test has Playwright's
    // own limit, 30 s.
    settings: {
      include: ['test/page/**/*.test.ts'],
      testTimeout: 2 * MINUTE,
      hookTimeout: MINUTE,
      maxWorkers: 2,
      retry: 1,
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    },
  },
  image: {
    about: 'the container image, the packages for Linux, and a release',
    needs: 'root, buildah, podman, skopeo, rpm, systemd, go',
    settings: {
      include: ['test/image/**/*.test.ts'],
      testTimeout: 3 * MINUTE,
      hookTimeout: 3 * MINUTE,
      fileParallelism: false,
    },
  },
  cluster: {
    about: 'the chart in a Kubernetes',
    needs: 'root, runc',
    settings: {
      include: ['test/cluster/**/*.test.ts'],
      testTimeout: 5 * MINUTE,
      hookTimeout: 5 * MINUTE,
      fileParallelism: false,
    },
  },
};
