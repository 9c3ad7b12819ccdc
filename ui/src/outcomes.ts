import type { RowOutcome } from '../../src/xray/api/page-types.ts';

/** Mildest first: what is drawn last is seen. */
export const OUTCOMES: readonly RowOutcome[] = ['ok', 'live', 'error', 'throttle', 'fault'];

/** The worst of several has the greatest. */
export function severityOf(outcome: RowOutcome): number {
  return OUTCOMES.indexOf(outcome);
}
