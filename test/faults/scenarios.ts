import type { Scenario } from './scenario.ts';
import { ANSWERS } from './scenarios/answers.ts';
import { BURSTS } from './scenarios/bursts.ts';
import { CLOCKS } from './scenarios/clocks.ts';
import { CREDENTIALS } from './scenarios/credentials.ts';
import { ENDS } from './scenarios/ends.ts';
import { HOSTILE } from './scenarios/hostile.ts';
import { OUTAGES } from './scenarios/outages.ts';
import { SPANS } from './scenarios/spans.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...BURSTS,
  ...OUTAGES,
  ...ANSWERS,
  ...CREDENTIALS,
  ...ENDS,
  ...HOSTILE,
  ...CLOCKS,
  ...SPANS,
];
