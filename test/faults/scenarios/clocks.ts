import { setTimeout as sleep } from 'node:timers/promises';
import type { Harness } from '../harness.ts';
import { LOCAL_CLOCKS } from '../local-clock.ts';
import { drainsIn, RATE, SHORT_LIMIT_MS, type Check, type Scale, type Scenario } from '../scenario.ts';

const HOUR = 3_600;
/** As little as a service that is hardly used. */
const FEW = 5;
/** A segment waits a second for others, and a signature that was refused for its time is made again. */
const PROMPT_MS = 2_500;
const config = { hasSetClock: true } as const;
/** Shorter than a call may take, so that none has to be made twice. */
const SLEEP_MS = 4_000;

/** Or the scenario shows nothing. */
const wasSet: Check = (_outcome, { daemon }) => [
  daemon.find(/clock is wrong/) === undefined && 'the daemon has not seen the clock move',
];
const dropsNone: Check = (_outcome, { daemon }) => [
  daemon.find(/dropped/) !== undefined && `dropped: ${daemon.find(/dropped/)?.msg}`,
];

function promptWithin(limitMs: number): Check {
  return ({ slowestMs = Infinity }, _harness, { isFull }) => [
    slowestMs > (isFull ? limitMs : SHORT_LIMIT_MS) && `a segment took ${(slowestMs / 1_000).toFixed(1)} s`,
  ];
}

function all(...checks: readonly Check[]): Check {
  return (outcome, harness, scale) => checks.flatMap((check) => check(outcome, harness, scale));
}

/** Somebody, or NTP, sets the machine's clock while the daemon runs; the right time is X-Ray's. */
export const CLOCKS: readonly Scenario[] = [
  {
    id: 'clock-back',
    title: 'the clock is set back an hour in an outage',
    config,
    run: (harness, scale) => outage(harness, scale, -HOUR),
    check: all(drainsIn(15), dropsNone, wasSet),
  },
  {
    id: 'clock-back-healthy',
    title: 'the clock is set back an hour, 5 segments a second',
    config,
    run: healthy(-HOUR),
    check: all(promptWithin(PROMPT_MS), wasSet),
  },
  {
    id: 'clock-ahead',
    title: 'the clock is set ahead two hours in an outage',
    config,
    run: (harness, scale) => outage(harness, scale, 2 * HOUR),
    check: all(drainsIn(15), dropsNone, wasSet),
  },
  {
    id: 'clock-ahead-healthy',
    title: 'the clock is set ahead two hours, 5 segments a second',
    config,
    run: healthy(2 * HOUR),
    check: all(promptWithin(PROMPT_MS), wasSet),
  },
  {
    id: 'clock-restart',
    title: 'an outage beyond the buffer (3 MB) with a spool, and a restart with the clock set back, then ahead',
    config: { ...config, args: ['-m', '3'], hasSpool: true },
    run: async (harness, { seconds }) => {
      harness.oracle.intercept = () => ({ status: 503 });
      await harness.load.steady(RATE, Math.max(seconds, 8));
      for (const ahead of [-HOUR, 2 * HOUR]) {
        await harness.daemon.stop('SIGTERM');
        harness.clock.set(ahead);
        await harness.restart();
      }
      harness.oracle.intercept = () => undefined;
      return harness.settle();
    },
    check: all(drainsIn(15), dropsNone, wasSet),
  },
  {
    id: 'suspend-back',
    title: 'the process sleeps while the clock is set back an hour',
    config,
    run: asleep(-HOUR),
    check: all(promptWithin(SLEEP_MS + PROMPT_MS), dropsNone, wasSet),
  },
  {
    id: 'suspend-ahead',
    title: 'the process sleeps while the clock is set ahead two hours',
    config,
    run: asleep(2 * HOUR),
    check: all(dropsNone, wasSet),
  },
  ...LOCAL_CLOCKS.map((scenario) => ({ ...scenario, config })),
];

async function outage(harness: Harness, { seconds }: Scale, ahead: number): Promise<number> {
  harness.oracle.intercept = () => ({ status: 503 });
  await harness.load.steady(RATE, seconds / 2);
  harness.clock.set(ahead);
  await harness.load.steady(RATE, seconds / 2);
  harness.oracle.intercept = () => undefined;
  return harness.settle();
}

/** Set three times in the middle of the load, further each time, so that there is a batch that waits for its time. */
function healthy(ahead: number): Scenario['run'] {
  return async (harness, { seconds }) => {
    harness.oracle.delaysMs = [];
    const set = async (): Promise<void> => {
      for (let times = 1; times <= 3; times++) {
        await sleep((seconds * 1_000) / 5);
        harness.clock.set(times * ahead);
      }
    };
    await Promise.all([harness.load.steady(FEW, seconds), set()]);
    return harness.settle();
  };
}

/** What arrives meanwhile waits in the socket buffer, and is little enough for any. */
function asleep(ahead: number): Scenario['run'] {
  return async (harness, { seconds }) => {
    harness.oracle.delaysMs = [];
    const suspend = async (): Promise<void> => {
      await sleep((seconds * 1_000) / 3);
      harness.daemon.kill('SIGSTOP');
      harness.clock.set(ahead);
      await sleep(SLEEP_MS);
      harness.daemon.kill('SIGCONT');
    };
    await Promise.all([harness.load.steady(FEW, seconds), suspend()]);
    return harness.settle();
  };
}
