import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { nowSeconds } from '../wall-clock.ts';

/** What is running is counted on this often: the last digit that is shown of a minute is tenths of seconds. */
const COUNT_MS = 100;

/** The time that live rows are counted up to, in seconds since the epoch. */
export const now = signal(nowSeconds());

/** Counts live rows on while some of them are seen. */
export function useCounting(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return undefined;
    now.value = nowSeconds();
    const counting = setInterval(() => (now.value = nowSeconds()), COUNT_MS);
    return () => clearInterval(counting);
  }, [isNeeded]);
}
