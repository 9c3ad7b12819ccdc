import type { TargetedPointerEvent } from 'preact';
import { useRef } from 'preact/hooks';

/** px from the left and the top edge of an element. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A press that has not been released yet. */
export interface Drag {
  /** Where it began, and where the pointer is, in the element as it lay when it began. */
  readonly from: Point;
  readonly to: Point;
  /** px of the element. */
  readonly width: number;
  readonly height: number;
  /** The pointer is still near to where it was pressed: released here, it is a click. */
  readonly isClick: boolean;
}

/** A pointer that moves less than this clicks, px. */
const CLICK_PX = 4;

interface DragOptions {
  /** False for a press that belongs to something else. */
  readonly accepts?: (event: PointerEvent) => boolean;
  readonly onStart?: (drag: Drag) => void;
  readonly onDrag?: (drag: Drag) => void;
  /** Released. */
  readonly onEnd?: (drag: Drag) => void;
  /** Taken away by the browser, for example to scroll. */
  readonly onCancel?: () => void;
  /** The pointer moves over the element without a press. */
  readonly onHover?: (at: Point) => void;
}

/** Handlers of an element that is dragged, or over which a range is dragged, with the primary button. */
export function useDrag({ accepts = () => true, onStart, onDrag, onEnd, onCancel, onHover }: DragOptions) {
  const press = useRef<{ readonly box: DOMRect; readonly from: Point } | undefined>(undefined);
  const dragOf = ({ box, from }: { box: DOMRect; from: Point }, event: PointerEvent): Drag => {
    const to = pointIn(box, event);
    return { from, to, width: box.width, height: box.height, isClick: Math.hypot(to.x - from.x, to.y - from.y) < CLICK_PX };
  };
  return {
    onPointerDown: (event: TargetedPointerEvent<Element>): void => {
      if (event.button !== 0 || !accepts(event)) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const box = event.currentTarget.getBoundingClientRect();
      press.current = { box, from: pointIn(box, event) };
      onStart?.(dragOf(press.current, event));
    },
    onPointerMove: (event: TargetedPointerEvent<Element>): void => {
      if (press.current === undefined) onHover?.(pointIn(event.currentTarget.getBoundingClientRect(), event));
      else onDrag?.(dragOf(press.current, event));
    },
    onPointerUp: (event: TargetedPointerEvent<Element>): void => {
      if (press.current === undefined) return;
      const drag = dragOf(press.current, event);
      press.current = undefined;
      onEnd?.(drag);
    },
    onPointerCancel: (): void => {
      press.current = undefined;
      onCancel?.();
    },
  };
}

function pointIn({ left, top }: DOMRect, { clientX, clientY }: MouseEvent): Point {
  return { x: clientX - left, y: clientY - top };
}

/** The lesser and the greater of two. */
export function ordered(a: number, b: number): readonly [least: number, most: number] {
  return a < b ? [a, b] : [b, a];
}
