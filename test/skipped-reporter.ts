import type { Reporter, TestModule } from 'vitest/node';

/** Names every test that was skipped, at the end of the run: a skip must not be overlooked. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) console.log(`skipped: ${test.fullName}`);
    }
  }
}
