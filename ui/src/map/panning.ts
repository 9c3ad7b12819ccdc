import { batch, useSignal, type Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const REST_MS = 150;
const LEAST_SCALE = 0.5;
const CLICK_PX = 4;

export interface View {
  /** px of the box. */
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

/** Where the whole map is seen. */
export const WHOLE: View = { x: 0, y: 0, scale: 1 };

export interface Panning {
  /** undefined: the whole map. */
  readonly view: Signal<View | undefined>;
  /** As it was when the map came to rest. */
  readonly rested: Signal<View | undefined>;
  readonly isMoving: Signal<boolean>;
  readonly show: (next: View | undefined) => void;
  readonly handlers: {
    readonly zoomBy: (factor: number) => void;
    readonly pointer: (onNothing: () => void) => {
      onPointerDown: (event: PointerEvent) => void;
      onPointerMove: (event: PointerEvent) => void;
      onPointerUp: (event: PointerEvent) => void;
      onPointerCancel: () => void;
      onDblClick: () => void;
    };
  };
}

/** Moves a map in its box: wheel, drag and keys. */
export function usePanning(box: RefObject<SVGSVGElement | null>, greatestScale: () => number): Panning {
  const view = useSignal<View | undefined>(undefined);
  const rested = useSignal<View | undefined>(undefined);
  const isMoving = useSignal(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const frame = useRef(0);
  const press = useRef<{ x: number; y: number; at: View } | undefined>(undefined);
  const rest = (): void =>
    batch(() => {
      isMoving.value = false;
      rested.value = view.peek();
    });
  const show = (next: View | undefined): void => {
    view.value = next;
    clearTimeout(timer.current);
    cancelAnimationFrame(frame.current);
    if (next === undefined) {
      rest();
      return;
    }
    isMoving.value = true;
    // From the next frame on, which brings the next step of a gesture: where frames take longer than a rest, none would be the last otherwise.
    frame.current = requestAnimationFrame(() => {
      timer.current = setTimeout(rest, REST_MS);
    });
  };
  const now = (): View => view.peek() ?? WHOLE;
  const zoomAt = (px: number, py: number, factor: number): void => {
    const { x, y, scale } = now();
    const next = Math.max(LEAST_SCALE, Math.min(greatestScale(), scale * factor));
    const ratio = next / scale;
    show({ scale: next, x: px - (px - x) * ratio, y: py - (py - y) * ratio });
  };
  useEffect(() => {
    // The map itself is moved by a gesture.
    const canvas = box.current!.parentElement!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = canvas.getBoundingClientRect();
      zoomAt(event.clientX - left, event.clientY - top, Math.exp(-event.deltaY / 400));
    };
    canvas.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      clearTimeout(timer.current);
      cancelAnimationFrame(frame.current);
      canvas.removeEventListener('wheel', onWheel);
    };
  }, []);
  const zoomBy = (factor: number): void => zoomAt(box.current!.clientWidth / 2, box.current!.clientHeight / 2, factor);
  const pointer: Panning['handlers']['pointer'] = (onNothing) => ({
    onPointerDown: (event) => {
      if ((event.target as Element).closest('.node,.edge') !== null) return;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      press.current = { x: event.clientX, y: event.clientY, at: now() };
    },
    onPointerMove: (event) => {
      const start = press.current;
      if (start === undefined) return;
      const [dx, dy] = [event.clientX - start.x, event.clientY - start.y];
      // A trembling click is none yet.
      if (Math.abs(dx) + Math.abs(dy) < CLICK_PX && !isMoving.peek()) return;
      show({ ...start.at, x: start.at.x + dx, y: start.at.y + dy });
    },
    onPointerUp: (event) => {
      const start = press.current;
      press.current = undefined;
      if (start !== undefined && Math.abs(event.clientX - start.x) + Math.abs(event.clientY - start.y) < CLICK_PX) onNothing();
    },
    onPointerCancel: () => (press.current = undefined),
    onDblClick: () => show(undefined),
  });
  return { view, rested, isMoving, show, handlers: { zoomBy, pointer } };
}
