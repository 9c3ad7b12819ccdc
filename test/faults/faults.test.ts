import { expect, test } from 'vitest';
import { runScenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { CLOCKS } from './scenarios/clocks.ts';

// Short versions; the full set is `npm run faults`.
test.each(SCENARIOS.filter((scenario) => !CLOCKS.includes(scenario)))(
  '$id: $title',
  async (scenario) => {
    const outcome = await runScenario(scenario, { seconds: 3, isFull: false });
    if (outcome.skipped !== undefined) console.warn(`${scenario.id} skipped: ${outcome.skipped}`);
    expect(outcome.problems, JSON.stringify(outcome)).toEqual([]);
  },
  120_000,
);
