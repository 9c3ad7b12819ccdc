import { useRef } from 'preact/hooks';
import { useDrag } from './drag.ts';

/** Step of the arrow keys, px. */
const KEY_PX = 16;

/** Resizes a column: by dragging, or with the arrow keys; double-click or Enter fits its content. */
export function Handle({
  label,
  value,
  min,
  max,
  side,
  onChange,
  onFit,
  at,
}: {
  /** "Width of the names". */
  label: string;
  /** px. */
  value: number;
  min: number;
  max: number;
  /** The side of the handle on which the column is. */
  side: 'left' | 'right';
  onChange: (px: number) => void;
  onFit: () => void;
  /** px from the left edge of its container; of a column to the right, from the right edge. */
  at: number;
}) {
  const before = useRef(value);
  const direction = side === 'left' ? 1 : -1;
  const change = (px: number): void => onChange(Math.round(Math.max(min, Math.min(max, px))));
  const handlers = useDrag({
    onStart: () => (before.current = value),
    onDrag: ({ from, to }) => change(before.current + (to.x - from.x) * direction),
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const to =
      event.key === 'ArrowLeft'
        ? value - KEY_PX * direction
        : event.key === 'ArrowRight'
          ? value + KEY_PX * direction
          : event.key === 'Home'
            ? min
            : event.key === 'End'
              ? max
              : undefined;
    if (to === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    if (to === undefined) onFit();
    else change(to);
  };
  return (
    <div
      class="handle"
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a splitter of the ARIA Authoring Practices: it has a value and is moved, an <hr> is a line
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuetext={`${value} pixels`}
      title={`${label}: drag; double-click fits`}
      style={side === 'left' ? { left: `${at}px` } : { right: `${at}px` }}
      {...handlers}
      onDblClick={onFit}
      onKeyDown={onKeyDown}
    />
  );
}
