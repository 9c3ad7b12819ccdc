import type { ThemeColours } from '../canvas.ts';
import type { TimelineScene } from './timeline-scene.ts';
import { rowOf, type Span } from './model.ts';
import { labelOf } from './row-text.ts';
import type { TimelineRow } from './rows.ts';
import { xOf, type TimelineLayout } from './timeline-layout.ts';

/** Minimum width of a bar, px. */
const MIN_WIDTH = 2;

/** In larger folds, bars at the same position are drawn once. */
const MANY = 200;

interface Place {
  /** px, of the canvas. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A row's bar: filled as served, outlined as called. For a fold, the bars of all its spans. */
export function drawBar(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  scene: TimelineScene,
  row: TimelineRow,
  y: number,
): void {
  const { width, names, rowHeight } = layout;
  const bars = width - names;
  const isAbove = names === 0;
  const middle = isAbove ? y + rowHeight - 12 : y + rowHeight / 2 - 1;
  const parts = row.fold === undefined ? [{ span: row.span, call: row.call }] : row.fold.worstLast.map(rowOf);
  let [left, right] = [Infinity, 0];
  let before = '';
  for (const { span, call } of parts) {
    // Among thousands of repeats, many have the same position.
    if (parts.length > MANY) {
      const outer = placeOf(call ?? span, layout, scene, middle);
      const place = `${Math.round(outer.left)} ${Math.round(outer.right)} ${span.outcome}`;
      if (place === before) continue;
      before = place;
    }
    for (const each of call === undefined ? [span] : [call, span]) {
      const placed = placeOf(each, layout, scene, middle);
      left = Math.min(left, placed.left);
      right = Math.max(right, placed.right);
      if (placed.right >= 0 && placed.left <= bars) drawSpan(context, placed.place, scene.colours, each, each === call);
    }
    drawStretch(context, layout, scene, { span, call }, middle);
  }
  if (!isAbove) drawLabel(context, layout, scene, { text: labelOf(row), left: Math.max(0, left), right, middle });
}

function placeOf(
  { start, end, kind }: Span,
  { width, names }: TimelineLayout,
  { axis, window }: TimelineScene,
  middle: number,
): { left: number; right: number; place: Place } {
  const bars = width - names;
  const left = xOf(start, axis, window, bars);
  const right = Math.max(left + MIN_WIDTH, xOf(end, axis, window, bars));
  const height = kind === 'segment' ? 12 : 10;
  const x = names + Math.max(0, left);
  return {
    left,
    right,
    place: { x, y: middle - height / 2, width: Math.min(bars, right) - Math.max(0, left), height },
  };
}

function drawSpan(
  context: CanvasRenderingContext2D,
  place: Place,
  colours: ThemeColours,
  span: Span,
  isCall: boolean,
): void {
  const { x, y, width, height } = place;
  if (span.kind === 'inferred') drawHatched(context, place, colours.lineStrong);
  else if (isCall) {
    // Drawn around the slightly smaller bar of the segment that serves it.
    context.strokeStyle = colours.bars[span.outcome];
    context.strokeRect(x + 0.5, y - 1.5, Math.max(1, width - 1), height + 3);
  } else if (span.isOpen) drawOpen(context, place, colours, span);
  else {
    context.fillStyle = colours.bars[span.outcome];
    context.beginPath();
    context.roundRect(x, y, width, height, Math.min(2, width / 2));
    context.fill();
  }
}

function drawHatched(context: CanvasRenderingContext2D, { x, y, width, height }: Place, colour: string): void {
  context.fillStyle = colour;
  for (let at = 0; at < width; at += 5) context.fillRect(x + at, y, Math.min(3, width - at), height);
}

/** Drawn with a soft end, because the end is not known yet. */
function drawOpen(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: Place,
  colours: ThemeColours,
  { outcome }: Span,
): void {
  const soft = context.createLinearGradient(x, 0, x + width, 0);
  soft.addColorStop(0, colours.bars[outcome]);
  soft.addColorStop(Math.max(0, 1 - 28 / Math.max(28, width)), colours.bars[outcome]);
  soft.addColorStop(1, colours.bg);
  context.fillStyle = soft;
  context.fillRect(x, y, width, height);
}

/** The critical path under the bar. */
function drawStretch(
  context: CanvasRenderingContext2D,
  { width, names }: TimelineLayout,
  { axis, window, path, colours }: TimelineScene,
  { span, call }: { span: Span; call: Span | undefined },
  middle: number,
): void {
  const stretch = path.get((call ?? span).id);
  if (stretch === undefined) return;
  const bars = width - names;
  const left = Math.max(0, xOf(stretch.from, axis, window, bars));
  const end = Math.min(bars, Math.max(left + 1, xOf(stretch.to, axis, window, bars)));
  context.fillStyle = colours.ink;
  if (end > left) context.fillRect(names + left, middle + 9, end - left, 2);
}

function drawLabel(
  context: CanvasRenderingContext2D,
  { width, names }: TimelineLayout,
  { colours }: TimelineScene,
  { text, left, right, middle }: { text: string; left: number; right: number; middle: number },
): void {
  if (text === '') return;
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  const textWidth = context.measureText(text).width;
  // Beside the bar, on the side with enough space.
  if (right + 6 + textWidth < width - names) {
    context.textAlign = 'left';
    context.fillText(text, names + Math.max(0, right) + 6, middle);
  } else if (left - 6 - textWidth > 0) {
    context.textAlign = 'right';
    context.fillText(text, names + left - 6, middle);
  }
}
