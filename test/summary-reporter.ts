import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { SUITES } from './suites.ts';

/**
 * The end of a run says what was not run: a skip or a second try must not be overlooked, nor that there are other
 * suites.
 */
export default class SummaryReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) console.log(`skipped: ${test.fullName}`);
      for (const test of module.children.allTests('passed')) {
        if (test.diagnostic()?.flaky === true)
          console.log(`passed at the second try: ${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    const vitest = this.#vitest!;
    const projects = new Set(vitest.projects.map(({ name }) => name));
    if (!projects.has('daemon') || modules.length < (await vitest.globTestSpecifications()).length) return;
    console.log('not run by npm test:');
    for (const [name, { about, needs }] of Object.entries(SUITES)) {
      if (!projects.has(name))
        console.log(`  npm run test:${name.padEnd(8)} ${about}${needs === undefined ? '' : ` (needs ${needs})`}`);
    }
  }
}
