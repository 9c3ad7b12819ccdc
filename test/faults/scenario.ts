import type { Verdict } from '../../bench/load/oracle.ts';
import type { Behaviour } from '../fakes/server.ts';
import { noSetClock } from '../fakes/set-clock.ts';
import { Harness, type HarnessConfig } from './harness.ts';
import { loopbackDrops } from './loopback.ts';

/** The figures of one run. */
export interface Outcome extends Verdict {
  readonly offered: number;
  /** PutTraceSegments calls. */
  readonly calls: number;
  /** From the end of the fault, or of the load, to the last arrival. */
  readonly drainedMs: number;
  readonly peakRssMb: number;
  /** Longest that a segment took from its sender to X-Ray; undefined where it was not measured. */
  readonly slowestMs?: number;
  /** What did not hold; empty when the scenario passed. */
  readonly problems: readonly string[];
  /** Why it could not be run here. */
  readonly skipped?: string;
}

type Problem = string | false;
export type Check = (outcome: Omit<Outcome, 'problems'>, harness: Harness, scale: Scale) => Problem[];

export interface Scale {
  /** How long the fault lasts; 60 in the full set. */
  readonly seconds: number;
  /** The full set, as against the short versions of the tests. */
  readonly isFull: boolean;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** What the daemon is started with; it makes the scenario one for xrayd alone. */
  readonly config?: Omit<HarnessConfig, 'command'>;
  /** Resolves with how long the rest took to arrive, in ms. */
  readonly run: (harness: Harness, scale: Scale) => Promise<number>;
  /** In place of `run`, for what is no daemon in front of an X-Ray. */
  readonly runAlone?: (scale: Scale) => Promise<Outcome>;
  /** Words for what did not hold, beyond what is asked of every scenario: nothing missing, corrupted or invented. */
  readonly check?: Check;
  /** Losses are part of the scenario, and are to be counted exactly. */
  readonly mayLose?: true;
  /** It kills the daemon: what was in memory is lost and counted nowhere. */
  readonly isKilled?: true;
  /** It takes both cores: nothing else runs beside it. Most scenarios wait for most of their time. */
  readonly isBusy?: true;
  /** It asks for what only xrayd has. */
  readonly isOurs?: true;
  /** What else than the load was received and rejected or refused. */
  readonly extra?: (harness: Harness) => number;
}

/** The figures of a scenario that could not be run, or not to its end. */
export const NOT_RUN = {
  offered: 0,
  calls: 0,
  drainedMs: 0,
  peakRssMb: 0,
  delivered: 0,
  missing: 0,
  duplicate: 0,
  corrupted: 0,
  invented: 0,
};
export const RATE = 500;
/**
 * The short versions run beside other tests. What they look for waits for as long as the clock was set: an hour or
 * more.
 */
export const SHORT_LIMIT_MS = 60_000;
/**
 * Above the budget of the buffer: what src/compose/memory-budget.ts leaves for bodies (16 MiB) and everything else (96
 * MiB).
 */
const MAX_MB_BESIDES = 117;

/** Load through a fault; resolves with how long the rest took to arrive. */
export async function through(
  harness: Harness,
  { seconds }: Scale,
  begin: () => unknown = () => undefined,
  end: () => unknown = () => undefined,
): Promise<number> {
  await begin();
  await harness.load.steady(RATE, seconds);
  await end();
  return harness.settle();
}

/** Load through answers that are not X-Ray's usual ones; `answer` gets the number of the call. */
export function answering(answer: (call: number) => Behaviour | undefined): Scenario['run'] {
  return (harness, scale) => {
    let call = 0;
    return through(
      harness,
      scale,
      () => (harness.oracle.intercept = ({ target }) => (target === '/TraceSegments' ? answer(call++) : undefined)),
      () => (harness.oracle.intercept = () => undefined),
    );
  };
}

export function drainsIn(seconds: number): Check {
  return ({ drainedMs }, _harness, { isFull }) => [
    drainedMs > (isFull ? seconds * 1_000 : SHORT_LIMIT_MS) && `drained in ${(drainedMs / 1_000).toFixed(1)} s`,
  ];
}

export function burst(count: number): Scenario['run'] {
  return async (harness) => {
    await harness.load.burst(count);
    return harness.settle(3_000);
  };
}

/** Runs one scenario and measures it. The identity is asked of any daemon that has metrics. */
export async function runScenario(
  scenario: Scenario,
  scale: Scale,
  config: HarnessConfig = {},
  onProgress: (line: string) => void = () => {},
): Promise<Outcome> {
  if (scenario.config?.hasSetClock === true && noSetClock !== '')
    return { ...NOT_RUN, problems: [], skipped: noSetClock };
  if (scenario.runAlone !== undefined) return scenario.runAlone(scale);
  const isOther = config.command !== undefined;
  const dropsBefore = loopbackDrops();
  const harness = await Harness.start({ ...config, ...(isOther ? {} : scenario.config) });
  harness.onProgress = onProgress;
  const progress = setInterval(() => {
    const { delivered } = harness.verdict();
    onProgress(`offered ${harness.load.offered}, delivered ${delivered}, ${Math.round(harness.rssMb())} MB`);
  }, 1_000);
  try {
    if (!isOther && scenario.config?.memoryLimitMb !== undefined && !harness.hasMemoryLimit) {
      return { ...NOT_RUN, problems: [], skipped: 'this user may not make control groups' };
    }
    const drainedMs = await scenario.run(harness, scale);
    const { offered } = harness.load;
    const delaysMs = harness.oracle.delaysMs;
    const outcome = {
      ...harness.verdict(),
      offered,
      calls: harness.oracle.uploads,
      drainedMs,
      peakRssMb: harness.peakRssMb,
      ...(delaysMs === undefined ? {} : { slowestMs: Math.max(0, ...delaysMs) }),
    };
    const problems: Problem[] = [outcome.corrupted > 0 && 'corrupted', outcome.invented > 0 && 'invented'];
    const beforeSocket = loopbackDrops() - dropsBefore;
    if (beforeSocket > 0) onProgress(`${beforeSocket} packets were dropped by the loopback device, before any socket`);
    if (scenario.mayLose === undefined && outcome.missing > beforeSocket)
      problems.push(`${outcome.missing} missing${await lossesIn(harness)}`);
    if (!isOther && harness.daemon.isRunning)
      problems.push(...(await accountingProblems(harness, { ...outcome, beforeSocket }, scenario)));
    problems.push(...(isOther ? [] : (scenario.check?.(outcome, harness, scale) ?? [])));
    problems.push(harness.oomKills > 0 && 'killed for memory');
    return { ...outcome, problems: problems.filter((problem) => problem !== false) };
  } finally {
    clearInterval(progress);
    await harness.stop();
  }
}

/** What the daemon says of its losses, by reason. */
async function lossesIn({ daemon }: Harness): Promise<string> {
  if (!daemon.isRunning) return '';
  const losses = Object.entries(await daemon.metrics()).filter(
    ([name, count]) => count > 0 && /^xrayd_(kernel_drops|segments_(dropped|rejected|unprocessed))_total/.test(name),
  );
  return ` (${losses.map(([name, count]) => `${name} ${count}`).join(', ')})`;
}

/**
 * offered = sent + these losses, for these reasons; and no more memory than the budget and what is known to come with
 * it.
 */
async function accountingProblems(
  harness: Harness,
  { offered, missing, peakRssMb, beforeSocket }: Omit<Outcome, 'problems'> & { readonly beforeSocket: number },
  { extra, isKilled }: Scenario,
): Promise<Problem[]> {
  const { received, restored, kernelDrops, dropped, unprocessed, rejected, imbalance } = await harness.ledger();
  const budgetMb = ((await harness.daemon.metrics())['xrayd_buffer_limit_bytes'] ?? 0) / 1e6;
  const strangers = extra?.(harness) ?? 0;
  const lost = dropped + unprocessed + rejected + kernelDrops - strangers;
  // The segments of the warm-up were received and sent, and are not offered. In another life they were restored.
  const warmUp = received + kernelDrops - strangers - offered;
  return [
    imbalance !== 0 && `the identity is off by ${imbalance}`,
    restored === 0 && warmUp + beforeSocket < 1 && 'more offered than seen',
    isKilled === undefined &&
      (lost > missing || lost + beforeSocket < missing) &&
      `${missing} missing but ${lost} counted as lost`,
    harness.isOurs &&
      peakRssMb > budgetMb + MAX_MB_BESIDES &&
      `${Math.round(peakRssMb)} MB with a budget of ${Math.round(budgetMb)}`,
  ];
}
