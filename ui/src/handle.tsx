import { useRef } from 'preact/hooks';

/** px that an arrow key moves. */
const KEY_PX = 16;

/** Changes the width of a column: drag it, arrow keys when it has the focus, double-click or Enter for the width that fits. */
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
  /** Where the column lies, seen from the handle. */
  side: 'left' | 'right';
  onChange: (px: number) => void;
  onFit: () => void;
  /** px from the left edge of its container; of a column to the right, from the right edge. */
  at: number;
}) {
  const drag = useRef<{ x: number; value: number } | undefined>(undefined);
  const direction = side === 'left' ? 1 : -1;
  const change = (px: number): void => onChange(Math.round(Math.max(min, Math.min(max, px))));
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
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.current = { x: event.clientX, value };
      }}
      onPointerMove={(event) => {
        if (drag.current !== undefined) change(drag.current.value + (event.clientX - drag.current.x) * direction);
      }}
      onPointerUp={() => (drag.current = undefined)}
      onPointerCancel={() => (drag.current = undefined)}
      onDblClick={onFit}
      onKeyDown={onKeyDown}
    />
  );
}
