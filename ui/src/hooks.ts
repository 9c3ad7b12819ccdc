import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { whenResized } from './canvas.ts';

/** A stable function that calls the function of the last render: for listeners and timers that are set up once. */
export function useLatest<Args extends readonly unknown[], Result>(
  latest: (...args: Args) => Result,
): (...args: Args) => Result {
  const current = useRef(latest);
  // Runs before the effects of this render.
  useLayoutEffect(() => {
    current.current = latest;
  });
  return useCallback((...args: Args) => current.current(...args), []);
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The inner size of an element, px; undefined until it has been laid out. `isUrgent`: forces the layout instead of
 * waiting for the next frame.
 */
export function useSize(
  element: RefObject<Element | null>,
  { isUrgent = false }: { isUrgent?: boolean } = {},
): ReadonlySignal<Size | undefined> {
  const size = useSignal<Size | undefined>(undefined);
  useLayoutEffect(() => {
    const measured = element.current;
    if (measured === null) return undefined;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = measured;
      if (width !== size.peek()?.width || height !== size.peek()?.height) size.value = { width, height };
    };
    if (isUrgent) measure();
    return whenResized(measured, measure);
  }, [element, size, isUrgent]);
  return size;
}

interface Debounced {
  /** Schedules the call; cancelled when the component is removed. */
  readonly later: () => void;
  readonly now: () => void;
  /** Cancels a scheduled call. */
  readonly cancel: () => void;
}

/** Debounces `run`: calls it `ms` after the last request. */
export function useDebounced(run: () => void, ms: number): Debounced {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useLatest(run);
  const cancel = useCallback(() => clearTimeout(timer.current), []);
  const now = useCallback(() => {
    cancel();
    latest();
  }, [cancel, latest]);
  const later = useCallback(() => {
    cancel();
    timer.current = setTimeout(latest, ms);
  }, [cancel, latest, ms]);
  useEffect(() => cancel, [cancel]);
  return { later, now, cancel };
}
