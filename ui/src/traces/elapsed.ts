import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { nowSeconds } from '../wall-clock.ts';

/** Interval at which durations in progress are updated: their last digit is a tenth of a second. */
const COUNT_MS = 100;

/** Current time for durations in progress, in seconds since the epoch. */
export const now = signal(nowSeconds());

/** Updates `now` while live rows are visible. */
export function useCounting(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return undefined;
    now.value = nowSeconds();
    const counting = setInterval(() => (now.value = nowSeconds()), COUNT_MS);
    return () => clearInterval(counting);
  }, [isNeeded]);
}
