import type { RowOutcome } from '../../../src/api/page-types.ts';
import { useEffect, useRef } from 'preact/hooks';
import { context2d, themeColours } from '../canvas.ts';
import { ordered, useDrag } from '../drag.ts';
import { useSize } from '../hooks.ts';
import { isFailed, severityOf } from '../outcomes.ts';
import { settings } from '../settings.ts';
import type { TraceModel } from './model.ts';
import type { TimeAxis } from './time-axis.ts';
import type { TraceState } from './trace-state.ts';
import type { Zoom } from './zoom.ts';

const HEIGHT = 54;
const PAD = 5;
/** An edge of the window can be dragged from this far away, px. */
const GRIP = 6;

/** The part of the window that a drag moves; `new` draws a new window. */
type Part = 'new' | 'whole' | 'left' | 'right';

/**
 * An overview of the trace with the visible range. Drag to choose another range; drag the range or its edges to move
 * it.
 */
export function Minimap({ state }: { state: TraceState }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const grabbed = useRef<{ readonly part: Part; readonly window: Zoom } | undefined>(undefined);
  const model = state.model.value;
  const axis = state.zoom.axis.value;
  const { from, to } = state.zoom.window.value;
  const { theme } = settings.value;
  const width = useSize(canvas).value?.width;
  useEffect(() => {
    if (canvas.current !== null && model !== undefined && width !== undefined) drawSpans(canvas.current, model, axis);
  }, [model, axis, theme, width]);
  const handlers = useDrag({
    onStart: ({ from: { x }, width }) => {
      const pxOf = (units: number): number => (units / axis.units) * width;
      grabbed.current = {
        part: state.zoom.chosen.peek() === undefined ? 'new' : partAt(x, pxOf(from), pxOf(to)),
        window: { from, to },
      };
    },
    onDrag: ({ from: pressed, to: at, width, isClick }) => {
      if (isClick || grabbed.current === undefined) return;
      const unitsOf = (px: number): number => (px / width) * axis.units;
      state.zoom.to(movedTo(grabbed.current.part, grabbed.current.window, unitsOf(pressed.x), unitsOf(at.x)));
    },
    onEnd: () => (grabbed.current = undefined),
    onCancel: () => (grabbed.current = undefined),
  });
  const share = (units: number): string => `${(units / axis.units) * 100}%`;
  return (
    <div class="minimap">
      <canvas
        ref={canvas}
        height={HEIGHT}
        aria-hidden="true"
        {...handlers}
        onDblClick={() => state.zoom.to(undefined)}
      />
      <div class="outside" style={{ left: '0', width: share(Math.max(0, from)) }} />
      <div class="outside" style={{ left: share(Math.min(axis.units, to)), right: '0' }} />
    </div>
  );
}

/** All in px. */
function partAt(x: number, left: number, right: number): Part {
  if (Math.abs(x - left) < GRIP) return 'left';
  if (Math.abs(x - right) < GRIP) return 'right';
  return x > left && x < right ? 'whole' : 'new';
}

/** The window after a drag from `pressed` to `at`, in axis units. */
function movedTo(part: Part, { from, to }: Zoom, pressed: number, at: number): Zoom {
  if (part === 'whole') return { from: from + at - pressed, to: to + at - pressed };
  const [a, b] = ordered(part === 'new' ? pressed : part === 'left' ? to : from, at);
  return { from: a, to: b };
}

function drawSpans(canvas: HTMLCanvasElement, { spans }: TraceModel, axis: TimeAxis): void {
  const { context, width } = context2d(canvas, HEIGHT);
  const colours = themeColours();
  const drawable = HEIGHT - 2 * PAD;
  const step = Math.min(3, drawable / spans.length);
  const height = Math.max(1, Math.min(2, step));
  // Spans that cover the same pixels are drawn once; failed spans are drawn last and never too small to see.
  const drawn = new Set<number>();
  const failed: { outcome: RowOutcome; x: number; y: number; w: number }[] = [];
  let colour: RowOutcome | undefined;
  const paintIn = (outcome: RowOutcome): void => {
    if (outcome !== colour) context.fillStyle = colours.bars[outcome];
    colour = outcome;
  };
  for (const [i, { start, end, outcome, kind }] of spans.entries()) {
    if (kind === 'inferred') continue;
    const isBad = isFailed(outcome);
    const x = (axis.unitsAt(start) / axis.units) * width;
    const w = Math.max(isBad ? 2 : 1.5, (axis.unitsAt(end) / axis.units) * width - x);
    const y = PAD + i * step;
    const cell = Math.floor(y) * 4_000_000 + Math.floor(x) * 1_000 + Math.min(999, Math.floor(w));
    if (!isBad && step < 1 && drawn.has(cell)) continue;
    drawn.add(cell);
    if (isBad) failed.push({ outcome, x, y, w });
    else {
      paintIn(outcome);
      context.fillRect(x, y, w, height);
    }
  }
  failed.sort((a, b) => severityOf(a.outcome) - severityOf(b.outcome));
  for (const { outcome, x, y, w } of failed) {
    paintIn(outcome);
    context.fillRect(
      Math.min(Math.round(x), Math.floor(width - 2)),
      Math.round(y),
      Math.max(2, Math.round(w)),
      Math.max(2, Math.round(height)),
    );
  }
}
