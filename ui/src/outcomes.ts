import type { RowOutcome } from '../../src/api/page-types.ts';
import { plural } from './format.ts';

/** Mildest first: the last drawn is on top. */
export { OUTCOMES, severityOf } from '../../src/api/page-types.ts';

/** Outcomes in words: on badges, in the legend, in titles, for screen readers. */
export const WORDS: Readonly<Record<RowOutcome, string>> = {
  ok: 'ok',
  live: 'running',
  error: 'error',
  throttle: 'throttled',
  fault: 'fault',
};

/** What the colours of charts and rings mean. */
export const LEGEND: Readonly<Record<RowOutcome, readonly [word: string, status: string]>> = {
  ok: [WORDS.ok, ''],
  live: [WORDS.live, ''],
  error: [WORDS.error, ', 4xx'],
  throttle: [WORDS.throttle, ', 429'],
  fault: [WORDS.fault, ', 5xx'],
};

/** Text of a trace's badge: the HTTP status if the trace has ended with one, otherwise the outcome. */
export function badgeText(outcome: RowOutcome, status: number | null | undefined): string {
  return status === null || status === undefined || outcome === 'live' ? WORDS[outcome] : String(status);
}

export type Failure = 'error' | 'throttle' | 'fault';

/** Numbers of failures by outcome. */
export type Failures = Readonly<Partial<Record<Failure, number>>>;

export function isFailed(outcome: RowOutcome): outcome is Failure {
  return outcome === 'error' || outcome === 'throttle' || outcome === 'fault';
}

/** The worst outcome with its count. */
export function worstOf(failures: Failures): { readonly outcome: Failure; readonly count: number } | undefined {
  for (const outcome of ['fault', 'throttle', 'error'] as const) {
    const count = failures[outcome] ?? 0;
    if (count > 0) return { outcome, count };
  }
  return undefined;
}

/** "2 faults", "2 faults, 1 error"; "" for none. */
export function failuresText(failures: Failures): string {
  return (['fault', 'throttle', 'error'] as const)
    .map((outcome) => [outcome, failures[outcome] ?? 0] as const)
    .filter(([, number]) => number > 0)
    .map(([outcome, number]) => plural(number, outcome))
    .join(', ');
}
