import { expect } from 'vitest';
import { runScenario, type Scenario } from './scenario.ts';

export const SHORT_MS = 120_000;

/** The short version of a scenario; the full set is `npm run faults`. */
export async function expectGood(scenario: Scenario): Promise<void> {
  const outcome = await runScenario(scenario, { seconds: 3, isFull: false });
  if (outcome.skipped !== undefined) console.warn(`${scenario.id} skipped: ${outcome.skipped}`);
  expect(outcome.problems, JSON.stringify(outcome)).toEqual([]);
}
