import type { RowOutcome } from '../../../src/api/page-types.ts';
import { useEffect, useRef } from 'preact/hooks';
import { context2d, themeColours, whenResized } from '../canvas.ts';
import { isFailed, severityOf } from '../outcomes.ts';
import { settings } from '../settings.ts';
import type { TraceState } from './trace-state.ts';
import type { Zoom } from './zoom.ts';

const HEIGHT = 54;
const PAD = 5;
/** A grip of the window. */
const GRIP = 6;
const CLICK_PX = 3;

type Drag = { readonly kind: 'new' | 'move' | 'left' | 'right'; readonly startX: number; readonly start: Zoom };

/** The whole trace, and which part of it is seen. Drag for another part, drag the part or its edges to move it. */
export function Minimap({ state }: { state: TraceState }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<Drag>(undefined);
  const model = state.model.value;
  const axis = state.zoom.axis.value;
  const { from, to } = state.zoom.window.value;
  void settings.value;
  // The first size is told, too.
  useEffect(() => whenResized(canvas.current!, () => drawAll(canvas.current!, state)), [model, axis, settings.value.theme]);
  const unitsAt = (event: PointerEvent): number => {
    const box = canvas.current!.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * axis.units;
  };
  const unitsOf = (px: number): number => (px / canvas.current!.clientWidth) * axis.units;
  const onDown = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    const at = unitsAt(event);
    const grip = unitsOf(GRIP);
    const isWhole = state.zoom.chosen.peek() === undefined;
    const kind = isWhole ? 'new' : Math.abs(at - from) < grip ? 'left' : Math.abs(at - to) < grip ? 'right' : at > from && at < to ? 'move' : 'new';
    drag.current = { kind, startX: at, start: { from, to } };
  };
  const onMove = (event: PointerEvent): void => {
    if (drag.current === undefined) return;
    const { kind, startX, start } = drag.current;
    const at = unitsAt(event);
    if (Math.abs(at - startX) < unitsOf(CLICK_PX)) return;
    if (kind === 'new') state.zoom.to({ from: Math.min(startX, at), to: Math.max(startX, at) });
    else if (kind === 'move') state.zoom.to({ from: start.from + at - startX, to: start.to + at - startX });
    else if (kind === 'left') state.zoom.to({ from: Math.min(at, start.to), to: Math.max(at, start.to) });
    else state.zoom.to({ from: Math.min(at, start.from), to: Math.max(at, start.from) });
  };
  const share = (units: number): string => `${(units / axis.units) * 100}%`;
  return (
    <div class="minimap">
      <canvas
        ref={canvas}
        height={HEIGHT}
        aria-hidden="true"
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={() => (drag.current = undefined)}
        onPointerCancel={() => (drag.current = undefined)}
        onDblClick={() => state.zoom.to(undefined)}
      />
      <div class="outside" style={{ left: '0', width: share(Math.max(0, from)) }} />
      <div class="outside" style={{ left: share(Math.min(axis.units, to)), right: '0' }} />
    </div>
  );
}

function drawAll(canvas: HTMLCanvasElement, state: TraceState): void {
  const { context, width } = context2d(canvas, HEIGHT);
  const model = state.model.peek();
  const axis = state.zoom.axis.peek();
  if (model === undefined) return;
  const colours = themeColours();
  const { spans } = model;
  const room = HEIGHT - 2 * PAD;
  const step = Math.min(3, room / spans.length);
  const height = Math.max(1, Math.min(2, step));
  // Of many spans those that fall on one another are drawn once; what failed is drawn last, and never too small to be seen.
  const drawn = new Set<number>();
  const failed: { outcome: RowOutcome; x: number; y: number; w: number }[] = [];
  let colour: RowOutcome | undefined;
  const paintIn = (outcome: RowOutcome): void => {
    if (outcome !== colour) context.fillStyle = colours.bars[outcome];
    colour = outcome;
  };
  for (let i = 0; i < spans.length; i++) {
    const { start, end, outcome, kind } = spans[i]!;
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
    context.fillRect(Math.min(Math.round(x), Math.floor(width - 2)), Math.round(y), Math.max(2, Math.round(w)), Math.max(2, Math.round(height)));
  }
}
