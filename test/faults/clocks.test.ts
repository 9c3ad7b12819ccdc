import { expect, test } from 'vitest';
import { runScenario } from './scenario.ts';
import { CLOCKS } from './scenarios/clocks.ts';

const SHORT = ['clock-back', 'clock-back-healthy', 'clock-ahead', 'suspend-back', 'clock-back-local', 'suspend-local'];

// Short versions of some, in a file of their own so that they run beside the others; all of them: `npm run faults -- clock suspend`.
test.each(CLOCKS.filter(({ id }) => SHORT.includes(id)))(
  '$id: $title',
  async (scenario) => {
    const outcome = await runScenario(scenario, { seconds: 3, isFull: false });
    if (outcome.skipped !== undefined) console.warn(`${scenario.id} skipped: ${outcome.skipped}`);
    expect(outcome.problems, JSON.stringify(outcome)).toEqual([]);
  },
  120_000,
);
