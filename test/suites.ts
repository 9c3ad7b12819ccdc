import type { ProjectConfig } from 'vitest/node';

interface Suite extends Pick<ProjectConfig, 'testTimeout' | 'hookTimeout' | 'fileParallelism' | 'maxConcurrency' | 'maxWorkers' | 'retry'> {
  readonly include: string[];
  /** What its tests are, for the one who has not run them. */
  readonly about: string;
  /** What has to be installed. */
  readonly needs?: string;
}

/** What `npm test` leaves out, since it takes minutes, fills both cores or needs more than Node. `npm run test:NAME` runs one, `npm run test:all` everything. */
export const SUITES: Readonly<Record<string, Suite>> = {
  faults: {
    about: 'outages, kills and memory limits in short',
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 60_000,
    fileParallelism: false,
    maxConcurrency: 2,
  },
  fuzz: {
    about: 'random input, and the gate of the benchmarks',
    include: ['test/fuzz/**/*.test.ts', 'test/bench/gate.test.ts'],
    testTimeout: 60_000,
    fileParallelism: false,
  },
  clients: { about: 'SDKs of other languages', needs: 'python3, go', include: ['test/clients/**/*.test.ts'], testTimeout: 60_000 },
  chart: { about: 'the Helm chart', needs: 'go', include: ['test/chart/chart.test.ts', 'test/chart/release.test.ts'], testTimeout: 60_000 },
  // Two browsers on two cores: a page waits for its server, and a test for both. On a machine that others use a browser is late at times: what fails is
  // tried once more, and the report says so.
  page: {
    about: 'the page',
    needs: 'chromium, firefox-esr',
    include: ['test/page/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    retry: 1,
  },
  image: {
    about: 'the container image',
    needs: 'root, buildah, podman',
    include: ['test/image/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
  cluster: {
    about: 'the chart in a Kubernetes',
    needs: 'root, runc',
    include: ['test/cluster/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
};
