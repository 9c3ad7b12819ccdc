import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { TraceRow } from '../../../src/xray/api/page-types.ts';
import { context2d, themeColours, whenResized } from '../canvas.ts';
import { absolute, count, tick } from '../format.ts';
import { list } from '../live.ts';
import { OUTCOMES, severityOf } from '../outcomes.ts';
import { go, hrefTo } from '../route.ts';
import { narrow, searched } from '../search.ts';
import { settings } from '../settings.ts';
import { binsOf, scaleOf, type ChartScale } from './chart-scale.ts';

const HEIGHT = 124;
const PAD = { top: 12, bottom: 18, left: 62, right: 14 };
/** A chart is drawn anew this often at most. */
const DRAW_MS = 250;
/** A press that moves less than this is a click. */
const CLICK_PX = 4;

interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Every trace as a point, start against duration, and beside it how many took how long. A brush over either narrows the search. */
export function Charts() {
  return (
    <div class="charts">
      <Scatter />
      <Histogram />
    </div>
  );
}

/** Calls `draw` when the rows, the theme or the size change, but not too often. */
function useDrawing(draw: (canvas: HTMLCanvasElement, rows: readonly TraceRow[]) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const due = useRef<number>(undefined);
  const lastMs = useRef(-Infinity);
  const schedule = (): void => {
    if (due.current !== undefined) return;
    due.current = setTimeout(
      () => {
        due.current = undefined;
        lastMs.current = performance.now();
        if (canvas.current !== null) draw(canvas.current, list.rows);
      },
      Math.max(0, lastMs.current + DRAW_MS - performance.now()),
    );
  };
  void list.version.value;
  void settings.value;
  useEffect(schedule);
  useEffect(() => {
    const stopWatching = whenResized(canvas.current!, schedule);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', schedule);
    return () => {
      stopWatching();
      dark.removeEventListener('change', schedule);
      clearTimeout(due.current);
    };
  }, []);
  return canvas;
}

function Scatter() {
  const scale = useRef<ChartScale>(undefined);
  const brush = useSignal<Rect | undefined>(undefined);
  const from = useRef<{ x: number; y: number }>(undefined);
  const canvas = useDrawing((element, rows) => {
    scale.current = scaleOf(rows, { ...searched.peek(), width: element.clientWidth, height: HEIGHT, pad: PAD });
    drawScatter(element, rows, scale.current);
  });
  const at = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const onUp = (event: PointerEvent): void => {
    const start = from.current;
    from.current = undefined;
    brush.value = undefined;
    if (start === undefined || scale.current === undefined) return;
    const end = at(event);
    const { timeAt, durationAt } = scale.current;
    if (Math.abs(end.x - start.x) < CLICK_PX && Math.abs(end.y - start.y) < CLICK_PX) {
      const nearest = nearestTo(list.rows, scale.current, end);
      if (nearest !== undefined) go(hrefTo(`/traces/${nearest.id}`));
      return;
    }
    const [left, right] = [Math.min(start.x, end.x), Math.max(start.x, end.x)];
    const [top, bottom] = [Math.min(start.y, end.y), Math.max(start.y, end.y)];
    // A brush over the whole height is one over time alone.
    const isTall = bottom - top > (HEIGHT - PAD.top - PAD.bottom) * 0.8;
    narrow({ from: timeAt(left), to: timeAt(right), ...(isTall ? {} : { shortest: durationAt(bottom), longest: durationAt(top) }) });
  };
  return (
    <div class="chart scatter">
      <canvas
        ref={canvas}
        height={HEIGHT}
        role="img"
        aria-label={`Latency of ${count(list.rows.length)} traces over time; the list below has the same traces`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = at(event);
        }}
        onPointerMove={(event) => {
          const start = from.current;
          if (start === undefined) return;
          const end = at(event);
          brush.value = {
            left: Math.min(start.x, end.x),
            right: Math.max(start.x, end.x),
            top: Math.min(start.y, end.y),
            bottom: Math.max(start.y, end.y),
          };
        }}
        onPointerUp={onUp}
        onPointerCancel={() => {
          from.current = undefined;
          brush.value = undefined;
        }}
      />
      {brush.value !== undefined && <Brush rect={brush.value} />}
    </div>
  );
}

function Brush({ rect: { left, top, right, bottom } }: { rect: Rect }) {
  return <div class="brush" style={{ left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` }} />;
}

function nearestTo(rows: readonly TraceRow[], { x, y }: ChartScale, at: { x: number; y: number }): TraceRow | undefined {
  let nearest: TraceRow | undefined;
  let least = 12 * 12;
  for (const row of rows) {
    if (row.duration === null) continue;
    const distance = (x(row.start) - at.x) ** 2 + (y(row.duration) - at.y) ** 2;
    if (distance >= least) continue;
    least = distance;
    nearest = row;
  }
  return nearest;
}

/** Points that fall on the same place are drawn once, the worst outcome on top. */
function drawScatter(canvas: HTMLCanvasElement, rows: readonly TraceRow[], scale: ChartScale): void {
  const { context, width } = context2d(canvas, HEIGHT);
  if (rows.length === 0) return;
  const colours = themeColours();
  context.font = colours.small;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { seconds, y } of scale.durationTicks) {
    context.fillStyle = colours.line;
    context.fillRect(PAD.left, Math.round(y), width - PAD.left - PAD.right, 1);
    context.fillStyle = colours.ink3;
    context.fillText(tick(seconds), PAD.left - 8, y);
  }
  context.textBaseline = 'alphabetic';
  for (const [i, { time, x }] of scale.timeTicks.entries()) {
    context.textAlign = i === 0 ? 'left' : 'right';
    context.fillText(absolute(time).replace(/\.\d+$/, ''), x, HEIGHT - 4);
  }
  const cells = new Map<number, number>();
  const columns = Math.ceil(width / 2);
  for (const row of rows) {
    if (row.duration === null) continue;
    const cell = Math.floor(scale.y(row.duration) / 2) * columns + Math.floor(scale.x(row.start) / 2);
    const outcome = severityOf(row.outcome);
    if (outcome > (cells.get(cell) ?? -1)) cells.set(cell, outcome);
  }
  for (const [rank, outcome] of OUTCOMES.entries()) {
    context.fillStyle = colours.bars[outcome];
    context.globalAlpha = outcome === 'ok' ? 0.8 : 1;
    for (const [cell, worst] of cells) {
      if (worst === rank) context.fillRect((cell % columns) * 2 - 1.5, Math.floor(cell / columns) * 2 - 1.5, 3.2, 3.6);
    }
  }
  context.globalAlpha = 1;
}

function Histogram() {
  const bins = useRef<ReturnType<typeof binsOf>>(undefined);
  const brush = useSignal<Rect | undefined>(undefined);
  const from = useRef<number>(undefined);
  const canvas = useDrawing((element, rows) => {
    bins.current = binsOf(rows, element.clientWidth - 24);
    drawHistogram(element, bins.current);
  });
  const xOf = (event: PointerEvent): number => event.clientX - canvas.current!.getBoundingClientRect().left;
  return (
    <div class="chart histogram">
      <canvas
        ref={canvas}
        height={HEIGHT}
        role="img"
        aria-label="How many traces took how long"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = xOf(event);
        }}
        onPointerMove={(event) => {
          if (from.current === undefined) return;
          const x = xOf(event);
          brush.value = { left: Math.min(from.current, x), right: Math.max(from.current, x), top: PAD.top, bottom: HEIGHT - PAD.bottom };
        }}
        onPointerUp={(event) => {
          const [a, b] = [from.current, xOf(event)];
          from.current = undefined;
          brush.value = undefined;
          const found = bins.current;
          if (a === undefined || found === undefined || found.bins.length === 0) return;
          const width = Math.abs(a - b) < CLICK_PX ? found.barWidth : 0;
          narrow({ shortest: found.secondsAt(Math.min(a, b) - 12 - width / 2), longest: found.secondsAt(Math.max(a, b) - 12 + width / 2) });
        }}
      />
      {brush.value !== undefined && <Brush rect={brush.value} />}
    </div>
  );
}

function drawHistogram(canvas: HTMLCanvasElement, { bins, barWidth, ticks }: ReturnType<typeof binsOf>): void {
  const { context } = context2d(canvas, HEIGHT);
  const colours = themeColours();
  const most = Math.max(1, ...bins.map(({ total }) => total));
  const room = HEIGHT - PAD.top - PAD.bottom;
  for (const [i, { total, byOutcome }] of bins.entries()) {
    if (total === 0) continue;
    let bottom = HEIGHT - PAD.bottom;
    // One trace among thousands is to be seen.
    const height = Math.max(2, (total / most) * room);
    for (const [rank, outcome] of OUTCOMES.entries()) {
      const part = (byOutcome[rank]! / total) * height;
      context.fillStyle = colours.bars[outcome];
      context.fillRect(12 + i * barWidth, bottom - part, Math.max(1, barWidth - 2), part);
      bottom -= part;
    }
  }
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  for (const { x, text, align } of ticks) {
    context.textAlign = align;
    context.fillText(text, 12 + x, HEIGHT - 4);
  }
}
