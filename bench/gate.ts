import { hash } from 'node:crypto';
import type { Measured } from './scenarios.ts';

/** What may be gated: figures that a busy machine does not change, and CPU against work of the same kind on the same machine. */
export interface Figures extends Measured {
  /** CPU per segment, in runs of the calibration loop. */
  readonly cpuRatio?: number;
}

/** `was` is what it was when the limit was set. */
export interface Budget {
  readonly was: number;
  readonly limit: number;
}

/** For each scenario, the budgets of its figures. */
export type Budgets = Readonly<Record<string, Readonly<Partial<Record<keyof Figures, Budget>>>>>;

/** What is over its budget, in words with the figure, the old one and the limit. A figure that was not measured is over it. */
export function overBudget(scenario: string, figures: Figures, budgets: Budgets): string[] {
  const limits = Object.entries(budgets[scenario] ?? {}) as [keyof Figures, Budget][];
  return limits.flatMap(([name, { was, limit }]) => {
    const value = figures[name];
    if (value === undefined) return [`${scenario} ${name}: not measured, was ${was}, limit ${limit}`];
    return value <= limit ? [] : [`${scenario} ${name}: ${short(value)}, was ${was}, limit ${limit}`];
  });
}

const DOCUMENT = JSON.stringify({ id: '0123456789abcdef', metadata: { text: 'x"'.repeat(400) } });

/** One run of the calibration loop: text to JSON and a hash, what a daemon does with a batch. */
export function calibrationWork(seed: number, toJson: (value: unknown) => string = JSON.stringify): void {
  hash('sha256', toJson([DOCUMENT, seed]));
}

/** µs of CPU that a fixed piece of work takes here and now. The least of several, which other programs disturb least. */
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
