import { batch, useSignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useDrag } from '../drag.ts';
import { useDebounced, useLatest } from '../hooks.ts';
import { useWheel } from '../use-wheel.ts';

const REST_MS = 150;
const MIN_SCALE = 0.5;

export interface View {
  /** px of the box. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** The view that shows the whole map. */
export const WHOLE: View = { x: 0, y: 0, scale: 1 };

interface PanningOptions {
  readonly greatestScale: () => number;
  readonly onNothing: () => void;
}

export interface Panning {
  /** undefined: the whole map. */
  readonly view: Signal<View | undefined>;
  /** The view when the map last stopped moving. */
  readonly rested: Signal<View | undefined>;
  readonly isMoving: Signal<boolean>;
  readonly show: (next: View | undefined) => void;
  readonly handlers: {
    readonly zoomBy: (factor: number) => void;
    /** Of the box. */
    readonly pointer: ReturnType<typeof useDrag> & { readonly onDblClick: () => void };
  };
}

/** Pans and zooms a map in its box: wheel, drag and keys. `onNothing`: a click outside all nodes and edges. */
export function usePanning(box: RefObject<HTMLElement | null>, { greatestScale, onNothing }: PanningOptions): Panning {
  const view = useSignal<View | undefined>(undefined);
  const rested = useSignal<View | undefined>(undefined);
  const isMoving = useSignal(false);
  const frame = useRef(0);
  const before = useRef(WHOLE);
  const rest = useDebounced(
    () =>
      batch(() => {
        isMoving.value = false;
        rested.value = view.peek();
      }),
    REST_MS,
  );
  const show = useLatest((next: View | undefined): void => {
    view.value = next;
    rest.cancel();
    cancelAnimationFrame(frame.current);
    if (next === undefined) {
      rest.now();
      return;
    }
    isMoving.value = true;
    // Starts with the next frame, in which the gesture continues: with slow frames, the timer would otherwise expire
    // during the gesture.
    frame.current = requestAnimationFrame(rest.later);
  });
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const now = (): View => view.peek() ?? WHOLE;
  const zoomAt = (px: number, py: number, factor: number): void => {
    const { x, y, scale } = now();
    const next = Math.max(MIN_SCALE, Math.min(greatestScale(), scale * factor));
    const ratio = next / scale;
    show({ scale: next, x: px - (px - x) * ratio, y: py - (py - y) * ratio });
  };
  useWheel(box, (event) => {
    event.preventDefault();
    // Relative to the box, because the map itself moves during a gesture.
    const { left, top } = box.current?.getBoundingClientRect() ?? { left: 0, top: 0 };
    zoomAt(event.clientX - left, event.clientY - top, Math.exp(-event.deltaY / 400));
  });
  const zoomBy = useLatest((factor: number): void => {
    const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
    zoomAt(clientWidth / 2, clientHeight / 2, factor);
  });
  const drag = useDrag({
    accepts: ({ target }) => target instanceof Element && target.closest('.node,.edge') === null,
    onStart: () => (before.current = now()),
    onDrag: ({ from, to, isClick }) => {
      // A click with a slight movement is not a drag.
      if (isClick && !isMoving.peek()) return;
      const { x, y, scale } = before.current;
      show({ scale, x: x + to.x - from.x, y: y + to.y - from.y });
    },
    onEnd: ({ isClick }) => {
      if (isClick) onNothing();
    },
  });
  return {
    view,
    rested,
    isMoving,
    show,
    handlers: { zoomBy, pointer: { ...drag, onDblClick: () => show(undefined) } },
  };
}
