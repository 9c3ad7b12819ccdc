import type { ThemeColours } from '../canvas.ts';
import { duration, plural, tick as tickText } from '../format.ts';
import type { Stretch } from './critical-path.ts';
import type { Span } from './model.ts';
import type { TimelineRow } from './rows.ts';
import { ticksOf, type TimeAxis } from './time-axis.ts';
import type { Zoom } from './trace-state.ts';

export interface TimelineLayout {
  /** px. */
  readonly width: number;
  readonly height: number;
  /** Of the column with the names; 0 when they stand above the bars. */
  readonly names: number;
  readonly rowHeight: number;
  readonly top: number;
}

export interface TimelineScene {
  readonly rows: readonly TimelineRow[];
  readonly axis: TimeAxis;
  readonly window: Zoom;
  readonly path: ReadonlyMap<string, Stretch>;
  readonly selectedId: string | undefined;
  readonly hovered: number;
  readonly matches: ReadonlySet<Span>;
  readonly colours: ThemeColours;
}

const INDENT = 14;
/** Deeper than this there is no room for names. */
const MAX_INDENT = 0.55;
const NAME_PAD = 8;
const TWISTY = 14;
export const RULER_HEIGHT = 24;
/** px; nothing is drawn narrower. */
const LEAST = 2;

/** px from the left edge of the bars for a time. */
export function xOf(seconds: number, axis: TimeAxis, { from, to }: Zoom, width: number): number {
  return ((axis.unitsAt(seconds) - from) / (to - from)) * width;
}

/** Where the name of a row begins. */
export function indentOf(depth: number, names: number): number {
  return NAME_PAD + Math.min(depth * INDENT, names * MAX_INDENT);
}

/** Draws the rows that are seen: work for a screen, however many spans there are. */
export function drawTimeline(context: CanvasRenderingContext2D, layout: TimelineLayout, scene: TimelineScene): void {
  const { width, height, names, rowHeight, top } = layout;
  const { rows, colours } = scene;
  const first = Math.max(0, Math.floor(top / rowHeight));
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight));
  for (let i = first; i < last; i++) {
    const y = i * rowHeight - top;
    const isSelected = rows[i]!.span.id === scene.selectedId;
    if (!isSelected && i !== scene.hovered) continue;
    context.fillStyle = isSelected ? colours.accentSoft : colours.raised;
    context.fillRect(0, y, width, rowHeight);
  }
  drawBackground(context, layout, scene, Math.min(height, rows.length * rowHeight - top));
  for (let i = first; i < last; i++) {
    const y = i * rowHeight - top;
    drawBar(context, layout, scene, rows[i]!, y);
    drawName(context, layout, scene, rows[i]!, y);
  }
  if (names > 0) {
    context.fillStyle = colours.line;
    context.fillRect(names - 1, 0, 1, height);
  }
}

function drawBackground(
  context: CanvasRenderingContext2D,
  { width, names }: TimelineLayout,
  { axis, window, colours }: TimelineScene,
  bottom: number,
): void {
  const bars = width - names;
  context.fillStyle = colours.line;
  for (const tick of ticksOf(window.from, window.to, bars / 110)) {
    const x = names + ((tick - window.from) / (window.to - window.from)) * bars;
    if (tick > window.from) context.fillRect(Math.round(x), 0, 1, Math.max(0, bottom));
  }
  for (const { from, to } of axis.gaps) {
    const [left, right] = [xOf(from, axis, window, bars), xOf(to, axis, window, bars)];
    if (right < 0 || left > bars) continue;
    context.fillStyle = colours.sunken;
    context.fillRect(names + Math.max(0, left), 0, Math.min(bars, right) - Math.max(0, left), Math.max(0, bottom));
  }
}

/** The ruler, and what folded gaps fold. */
export function drawRuler(context: CanvasRenderingContext2D, { width, names }: TimelineLayout, { axis, window, colours }: TimelineScene): void {
  const bars = width - names;
  context.font = colours.small;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillStyle = colours.ink3;
  if (names > 0) context.fillText('Span', 12, RULER_HEIGHT / 2);
  const gaps = axis.gaps.map(({ from, to }) => ({ left: xOf(from, axis, window, bars), right: xOf(to, axis, window, bars), seconds: to - from }));
  for (const tick of ticksOf(window.from, window.to, bars / 110)) {
    const x = ((tick - window.from) / (window.to - window.from)) * bars;
    if (x < 0 || x > bars - 40 || gaps.some(({ left, right }) => x > left - 50 && x < right + 90)) continue;
    context.fillText(tick === 0 ? '0' : tickText(axis.secondsAt(tick)), names + x + 4, RULER_HEIGHT / 2);
  }
  for (const { left, right, seconds } of gaps) {
    if (right < 0 || left > bars) continue;
    const text = `${duration(seconds)} idle`;
    context.fillStyle = colours.ink2;
    context.fillText(text, names + Math.max(4, Math.min(bars - context.measureText(text).width - 4, left + 2)), RULER_HEIGHT / 2);
    context.fillStyle = colours.ink3;
  }
  context.fillStyle = colours.line;
  context.fillRect(0, RULER_HEIGHT - 1, width, 1);
  if (names > 0) context.fillRect(names - 1, 0, 1, RULER_HEIGHT);
}

function drawBar(
  context: CanvasRenderingContext2D,
  { width, names, rowHeight }: TimelineLayout,
  scene: TimelineScene,
  row: TimelineRow,
  y: number,
): void {
  const { axis, window, colours, path } = scene;
  const bars = width - names;
  const { span, fold } = row;
  const isAbove = names === 0;
  const height = span.kind === 'segment' ? 12 : 10;
  const middle = isAbove ? y + rowHeight - 12 : y + rowHeight / 2 - 1;
  let right = 0;
  for (const each of fold === undefined || row.isOpen ? [span] : fold.spans) {
    const left = xOf(each.start, axis, window, bars);
    const end = Math.max(left + LEAST, xOf(each.end, axis, window, bars));
    right = Math.max(right, end);
    if (end < 0 || left > bars) continue;
    const [x, w] = [names + Math.max(0, left), Math.min(bars, end) - Math.max(0, left)];
    if (each.kind === 'inferred') drawHatched(context, x, middle - height / 2, w, height, colours.lineStrong);
    else if (each.isOpen) drawOpen(context, x, middle - height / 2, w, height, colours, each);
    else {
      context.fillStyle = colours.bars[each.outcome];
      context.beginPath();
      context.roundRect(x, middle - height / 2, w, height, Math.min(2, w / 2));
      context.fill();
    }
  }
  const stretch = fold === undefined ? path.get(span.id) : undefined;
  if (stretch !== undefined) {
    const left = Math.max(0, xOf(stretch.from, axis, window, bars));
    const end = Math.min(bars, xOf(stretch.to, axis, window, bars));
    context.fillStyle = colours.ink;
    if (end > left) context.fillRect(names + left, middle + 8, end - left, 2);
  }
  const label = labelOf(row);
  if (label === '' || isAbove) return;
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  const labelWidth = context.measureText(label).width;
  const left = Math.max(0, xOf(span.start, axis, window, bars));
  // Beside the bar, on the side that has room.
  if (right + 6 + labelWidth < bars) {
    context.textAlign = 'left';
    context.fillText(label, names + Math.max(0, right) + 6, middle);
  } else if (left - 6 - labelWidth > 0) {
    context.textAlign = 'right';
    context.fillText(label, names + left - 6, middle);
  }
}

/** What the bar alone does not say. */
export function labelOf({ span, fold, isOpen }: TimelineRow): string {
  if (fold !== undefined && !isOpen) return `${fold.isCalls ? 'N+1: ' : ''}${fold.spans.length} alike, ${duration(fold.seconds)} in all`;
  if (span.isOrphan) return 'Parent never arrived';
  if (span.skew > 0) return `Clock ${duration(span.skew)} off`;
  if (span.isOpen) return `Still open after ${duration(span.end - span.start)}`;
  const retries = span.kind === 'inferred' ? undefined : span.entity.aws['retries'];
  const status = span.entity.httpStatus;
  return [
    span.kind !== 'inferred' && status !== undefined && status >= 400 ? String(status) : '',
    typeof retries === 'number' && retries > 0 ? plural(retries, 'retry', 'retries') : '',
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function drawHatched(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string): void {
  context.fillStyle = colour;
  for (let at = 0; at < width; at += 5) context.fillRect(x + at, y, Math.min(3, width - at), height);
}

/** Its end is soft: it is not known yet. */
function drawOpen(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
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

function drawName(
  context: CanvasRenderingContext2D,
  { width, names, rowHeight }: TimelineLayout,
  scene: TimelineScene,
  row: TimelineRow,
  y: number,
): void {
  const { colours, matches } = scene;
  const { span, fold } = row;
  const isAbove = names === 0;
  const room = isAbove ? width : names;
  const x = indentOf(row.depth, room);
  const middle = isAbove ? y + 11 : y + rowHeight / 2;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  if (row.hasChildren) {
    context.fillStyle = colours.ink3;
    context.font = colours.small;
    context.fillText(row.isOpen ? '▾' : '▸', x + 2, middle);
  }
  const length = duration(fold === undefined ? span.end - span.start : fold.seconds);
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  context.textAlign = 'right';
  context.fillText(length, room - 9, middle);
  const end = room - 9 - context.measureText(length).width - 8;
  context.textAlign = 'left';
  let at = x + TWISTY + 4;
  const font = span.kind === 'segment' ? colours.strong : colours.medium;
  context.font = font;
  const name = cut(context, font, fold === undefined ? span.name : `${span.name} ×${fold.spans.length}`, end - at);
  if (matches.has(span)) {
    context.fillStyle = colours.accentSoft;
    context.fillRect(at - 2, middle - 9, context.measureText(name).width + 4, 18);
  }
  context.fillStyle = colours.ink;
  context.fillText(name, at, middle);
  at += context.measureText(name).width + 6;
  if (span.detail === '' || end - at < 20) return;
  context.font = colours.medium;
  context.fillStyle = colours.ink3;
  context.fillText(cut(context, colours.medium, span.detail, end - at), at, middle);
}

const cuts = new Map<string, string>();

/** The text, or as much of it as fits with … at its end. */
export function cut(context: CanvasRenderingContext2D, font: string, text: string, room: number): string {
  const key = `${Math.round(room)} ${font} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let result = text;
  if (context.measureText(text).width > room) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
      else high = middle - 1;
    }
    result = low === 0 ? '' : `${text.slice(0, low)}…`;
  }
  if (cuts.size > 5_000) cuts.clear();
  cuts.set(key, result);
  return result;
}
