import type { TargetedPointerEvent } from 'preact';
import { useRef } from 'preact/hooks';

/** px from the left and top edges of an element. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A pressed pointer, from press to release. */
export interface Drag {
  /** Where the press began and where the pointer is, relative to the element's position at the start. */
  readonly from: Point;
  readonly to: Point;
  /** px of the element. */
  readonly width: number;
  readonly height: number;
  /** The pointer is still close to where it was pressed: a release is a click. */
  readonly isClick: boolean;
}

/** Maximum movement of a click, px. */
const CLICK_PX = 4;

interface DragOptions {
  /** False for a press that belongs to something else. */
  readonly accepts?: (event: PointerEvent) => boolean;
  readonly onStart?: (drag: Drag) => void;
  readonly onDrag?: (drag: Drag) => void;
  /** Released. */
  readonly onEnd?: (drag: Drag) => void;
  /** Cancelled by the browser, for example to scroll. */
  readonly onCancel?: () => void;
  /** The pointer moves over the element without a press. */
  readonly onHover?: (at: Point) => void;
}

/** Event handlers for dragging an element, or for dragging a range over it, with the primary button. */
export function useDrag({ accepts = () => true, onStart, onDrag, onEnd, onCancel, onHover }: DragOptions) {
  const press = useRef<{ readonly box: DOMRect; readonly from: Point } | undefined>(undefined);
  const dragOf = ({ box, from }: { box: DOMRect; from: Point }, event: PointerEvent): Drag => {
    const to = pointIn(box, event);
    return {
      from,
      to,
      width: box.width,
      height: box.height,
      isClick: Math.hypot(to.x - from.x, to.y - from.y) < CLICK_PX,
    };
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

/** The two numbers in ascending order. */
export function ordered(a: number, b: number): readonly [least: number, most: number] {
  return a < b ? [a, b] : [b, a];
}
