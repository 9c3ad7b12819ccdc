import { describe, test } from 'vitest';
import { SCENARIOS } from './scenarios.ts';
import { CLOCKS } from './scenarios/clocks.ts';
import { expectGood, SHORT_MS } from './short.ts';

const CLOCKS_IN_SHORT = [
  'clock-back',
  'clock-back-healthy',
  'clock-ahead',
  'suspend-back',
  'clock-back-local',
  'suspend-local',
];
const shown = SCENARIOS.filter((scenario) => !CLOCKS.includes(scenario) || CLOCKS_IN_SHORT.includes(scenario.id));

// Short versions; the full set is `npm run faults`. All clocks: `npm run faults -- clock suspend`.
describe('scenarios that take both cores', () => {
  test.each(shown.filter(({ isBusy }) => isBusy))('$id: $title', expectGood, SHORT_MS);
});

describe('scenarios that mostly wait, several at a time', () => {
  test.concurrent.each(shown.filter(({ isBusy }) => !isBusy))('$id: $title', expectGood, SHORT_MS);
});
