import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TraceRow } from '../../../src/xray/api/page-types.ts';
import { nowSeconds } from '../wall-clock.ts';

/** What is running is counted on this often: the last digit that is shown of a minute is tenths of seconds. */
const COUNT_MS = 100;

/** The time that live rows are counted up to, in seconds since the epoch. */
export const now = signal(nowSeconds());

/** Seconds: how long it took, or how long it has been running at the time `at`; null when nothing of it says so. */
export function lengthOf({ isOpen, start, duration }: Pick<TraceRow, 'isOpen' | 'start' | 'duration'>, at: number): number | null {
  // What is complete of a live one says nothing about the whole.
  return isOpen && start > 0 ? Math.max(0, at - start) : duration;
}

/** Counts live rows on while some of them are seen. */
export function useCounting(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return undefined;
    now.value = nowSeconds();
    const counting = setInterval(() => (now.value = nowSeconds()), COUNT_MS);
    return () => clearInterval(counting);
  }, [isNeeded]);
}
