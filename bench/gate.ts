import { hash } from 'node:crypto';
import type { Measured } from './scenarios.ts';

/**
 * Figures with budgets: those that a busy machine does not change, and CPU relative to similar work on the same
 * machine.
 */
export interface Figures extends Measured {
  /** CPU per segment, in runs of the calibration loop. */
  readonly cpuRatio?: number;
}

/** `was`: the value when the limit was set. */
export interface Budget {
  readonly was: number;
  readonly limit: number;
}

/** The budgets of each scenario's figures. */
export type Budgets = Readonly<Record<string, Readonly<Partial<Record<keyof Figures, Budget>>>>>;

/**
 * Describes each figure over its budget, with the figure, the old one and the limit. A figure that was not measured
 * counts as over it.
 */
export function overBudget(scenario: string, figures: Figures, budgets: Budgets): string[] {
  const limits = Object.entries(budgets[scenario] ?? {}) as [keyof Figures, Budget][];
  return limits.flatMap(([name, { was, limit }]) => {
    const value = figures[name];
    if (value === undefined) return [`${scenario} ${name}: not measured, was ${was}, limit ${limit}`];
    return value <= limit ? [] : [`${scenario} ${name}: ${short(value)}, was ${was}, limit ${limit}`];
  });
}

const DOCUMENT = JSON.stringify({ id: '0123456789abcdef', metadata: { text: 'x"'.repeat(400) } });

/** One run of the calibration loop: text to JSON and a hash, like a daemon's work on a batch. */
export function calibrationWork(seed: number, toJson: (value: unknown) => string = JSON.stringify): void {
  hash('sha256', toJson([DOCUMENT, seed]));
}

/**
 * CPU of a fixed piece of work on this machine now, in µs: the minimum of several runs, which other programs disturb
 * least.
 */
export function calibrationUs(): number {
  let least = Infinity;
  for (let round = 0; round < 15; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < 400; i++) calibrationWork(i);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 400);
  }
  return least;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
