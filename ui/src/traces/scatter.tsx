import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { lengthOf, type TraceRow } from '../../../src/api/page-types.ts';
import { readRow } from '../api.ts';
import { context2d, themeColours } from '../canvas.ts';
import { absolute, count, duration, plural, tick, timeTicks } from '../format.ts';
import { ordered, useDrag, type Drag, type Point } from '../drag.ts';
import { hideCard, showCard } from '../hover-card.tsx';
import { list } from '../live.ts';
import { OUTCOMES, severityOf } from '../outcomes.ts';
import { Picture } from '../picture.tsx';
import { go, hrefTo } from '../route.ts';
import { narrow } from '../search.ts';
import { nowSeconds } from '../wall-clock.ts';
import { chartData, type ChartPoint } from './chart-data.ts';
import { scaleOf, type ChartScale } from './chart-scale.ts';
import { Brush, HEIGHT, PAD, useDrawing, type Rect } from './drawing.tsx';
import { Badge, Request } from './row.tsx';

/** Maximum distance from the pointer to a point, px. */
const REACH = 12;
/** Minimum gap between the labels of the time axis, px. */
const TICK_GAP = 12;

/** A brush that ends so near to the top or the bottom of the chart is meant to reach it, px. */
const EDGE = 3;

/**
 * Every trace as a point: duration over start time. A brush narrows the search; pointing at a point describes its
 * trace, a click opens it.
 */
export function Scatter() {
  const scale = useRef<ChartScale>(undefined);
  const brush = useSignal<Rect | undefined>(undefined);
  const marked = useSignal<Point | undefined>(undefined);
  const canvas = useDrawing((element, { points, times }) => {
    scale.current = scaleOf(points, { times, now: nowSeconds(), width: element.clientWidth, height: HEIGHT, pad: PAD });
    drawScatter(element, points, scale.current);
  });
  const unmark = (): void => {
    marked.value = undefined;
    hideCard();
  };
  const pointed = useRef(0);
  const mark = async (pointer: Point): Promise<void> => {
    const near = nearestTo(scale.current, pointer);
    const now = ++pointed.current;
    if (near === undefined) return unmark();
    const row = await rowOf(near.of);
    // The pointer has moved on.
    if (now !== pointed.current || canvas.current === null) return;
    if (row === undefined) return unmark();
    const box = canvas.current.getBoundingClientRect();
    marked.value = near.point;
    const y = box.top + near.point.y;
    showCard(
      { left: box.left + near.point.x + REACH, top: y - REACH, bottom: y + REACH },
      <PointCard row={row} others={near.others} />,
    );
  };
  const open = async (at: Point): Promise<void> => {
    const near = nearestTo(scale.current, at);
    const row = near === undefined ? undefined : await rowOf(near.of);
    if (row !== undefined) go(hrefTo(`/traces/${row.id}`));
  };
  const handlers = useDrag({
    onStart: hideCard,
    onHover: (at) => void mark(at),
    onDrag: (drag) => (brush.value = rectOf(drag)),
    onEnd: (drag) => {
      brush.value = undefined;
      if (scale.current === undefined) return;
      if (drag.isClick) {
        void open(drag.to);
        return;
      }
      const { left, right, top, bottom } = rectOf(drag);
      const { timeAt, durationAt } = scale.current;
      // A brush over the full height selects by time only.
      const isTall = bottom - top > (HEIGHT - PAD.top - PAD.bottom) * 0.8;
      narrow({
        from: timeAt(left),
        to: timeAt(right),
        // At the edge of the chart, a brush includes everything beyond it.
        ...(isTall || bottom > HEIGHT - PAD.bottom - EDGE ? {} : { shortest: durationAt(bottom) }),
        ...(isTall || top < PAD.top + EDGE ? {} : { longest: durationAt(top) }),
      });
    },
    onCancel: () => (brush.value = undefined),
  });
  return (
    <div class={marked.value === undefined ? 'chart scatter' : 'chart scatter on-point'}>
      <Picture
        canvas={canvas}
        height={HEIGHT}
        label={`Latency of ${count(list.found.traces)} traces over time; the list below has the same traces`}
        {...handlers}
        onPointerLeave={() => {
          pointed.current++;
          unmark();
        }}
      />
      <span class="caption faint" aria-hidden="true">
        each point is a trace: its duration, at the time it started
      </span>
      {marked.value !== undefined && brush.value === undefined && (
        <i class="point" style={{ left: `${marked.value.x}px`, top: `${marked.value.y}px` }} aria-hidden="true" />
      )}
      {brush.value !== undefined && <Brush rect={brush.value} />}
    </div>
  );
}

function rectOf({ from, to }: Drag): Rect {
  const [left, right] = ordered(from.x, to.x);
  const [top, bottom] = ordered(from.y, to.y);
  return { left, right, top, bottom };
}

interface Near {
  readonly of: ChartPoint;
  readonly point: Point;
  /** Other traces at the same position. */
  readonly others: number;
}

function PointCard({ row, others }: { row: TraceRow; others: number }) {
  const seconds = lengthOf(row, nowSeconds());
  return (
    <>
      <div>
        <Badge row={row} /> <Request row={row} />
      </div>
      <div>
        <b>{seconds === null ? '–' : duration(seconds)}</b>
        {row.isOpen && ' so far'}, started {absolute(row.start)}
      </div>
      <div class="dim">
        {row.services.slice(0, 3).join(' → ')}
        {row.serviceCount > 3 && ` and ${plural(row.serviceCount - 3, 'more service')}`}
      </div>
      {others > 0 && <div class="dim">{plural(others, 'other trace')} at the same place</div>}
    </>
  );
}

/** The nearest point within reach; of several at one position the worst, which is drawn on top. */
function nearestTo(scale: ChartScale | undefined, at: Point): Near | undefined {
  if (scale === undefined) return undefined;
  const { x, y } = scale;
  let found: { of: ChartPoint; point: Point } | undefined;
  let [least, others] = [REACH * REACH, 0];
  const now = nowSeconds();
  for (const each of chartData().points) {
    const seconds = lengthOf(each, now);
    if (seconds === null) continue;
    const point = { x: x(each.start), y: y(seconds) };
    const distance = (point.x - at.x) ** 2 + (point.y - at.y) ** 2;
    if (distance > least) continue;
    const isSame =
      found !== undefined && Math.abs(found.point.x - point.x) < 1 && Math.abs(found.point.y - point.y) < 1;
    others = (isSame ? others + 1 : 0) + (each.count ?? 1) - 1;
    if (isSame && found !== undefined && severityOf(each.outcome) < severityOf(found.of.outcome)) continue;
    least = distance;
    found = { of: each, point };
  }
  return found === undefined ? undefined : { ...found, others };
}

function isRow(point: ChartPoint): point is TraceRow {
  return 'id' in point;
}

/** The trace of a point, read from the store if the page does not hold it. */
async function rowOf(point: ChartPoint): Promise<TraceRow | undefined> {
  if (isRow(point)) return point;
  if (point.row === undefined) return undefined;
  try {
    return (await readRow(point.row)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Points at the same position are drawn once, the worst outcome on top. */
function drawScatter(canvas: HTMLCanvasElement, rows: readonly ChartPoint[], scale: ChartScale): void {
  const { context, width } = context2d(canvas, HEIGHT);
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
  drawTimes(context, scale);
  const cells = new Map<number, number>();
  const columns = Math.ceil(width / 2);
  const now = nowSeconds();
  for (const row of rows) {
    const seconds = lengthOf(row, now);
    const x = scale.x(row.start);
    if (seconds === null || x < PAD.left - 1 || x > width - PAD.right + 1) continue;
    const cell = Math.floor(scale.y(seconds) / 2) * columns + Math.floor(x / 2);
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

/** Labels the start, middle and end of the time axis; the middle one only if it fits. */
function drawTimes(context: CanvasRenderingContext2D, { timeTicks: ticks }: ChartScale): void {
  const texts = timeTicks(ticks.map(({ time }) => time));
  const [first = 0, middle = 0, last = 0] = texts.map((text) => context.measureText(text).width);
  const [left = 0, centre = 0, right = 0] = ticks.map(({ x }) => x);
  const hasMiddle = left + first + TICK_GAP < centre - middle / 2 && centre + middle / 2 + TICK_GAP < right - last;
  context.textBaseline = 'alphabetic';
  for (const [i, align] of (['left', 'center', 'right'] as const).entries()) {
    if (i === 1 && !hasMiddle) continue;
    context.textAlign = align;
    context.fillText(texts[i] ?? '', ticks[i]?.x ?? 0, HEIGHT - 4);
  }
}
