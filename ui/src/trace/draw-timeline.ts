import type { TimelineScene } from './timeline-scene.ts';
import { duration, tick as tickText } from '../format.ts';
import { drawBar } from './draw-bars.ts';
import { drawGuides, drawName } from './draw-names.ts';
import { ticksOf, type TimeAxis } from './time-axis.ts';
import { RULER_HEIGHT, visible, xOf, type TimelineLayout } from './timeline-layout.ts';
import type { Zoom } from './zoom.ts';

/** Draws the visible rows only, however many spans there are. */
export function drawTimeline(context: CanvasRenderingContext2D, layout: TimelineLayout, scene: TimelineScene): void {
  const { width, height, names, rowHeight, top } = layout;
  const { rows, colours } = scene;
  const { first, last } = visible(rows, layout);
  const seen = rows.slice(first, last).map((row, i) => ({ row, y: (first + i) * rowHeight - top }));
  for (const { row, y } of seen) {
    const isSelected = scene.isSelected(row);
    if (!isSelected && row !== rows[scene.hovered]) continue;
    context.fillStyle = isSelected ? colours.accentSoft : colours.raised;
    context.fillRect(0, y, width, rowHeight);
  }
  drawBackground(context, layout, scene, Math.min(height, rows.length * rowHeight - top));
  context.textBaseline = 'middle';
  for (const { row, y } of seen) drawBar(context, layout, scene, row, y);
  drawGuides(context, layout, scene, first, last);
  for (const { row, y } of seen) drawName(context, layout, scene, row, y);
  if (names > 0) {
    context.fillStyle = colours.line;
    context.fillRect(names - 1, 0, 1, height);
  }
  if (scene.pointer === undefined) return;
  context.fillStyle = colours.ink3;
  context.fillRect(names + Math.round(scene.pointer), 0, 1, height);
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

/** Draws the ruler and the duration of folded gaps. */
export function drawRuler(
  context: CanvasRenderingContext2D,
  { width, names }: TimelineLayout,
  { axis, window, colours }: TimelineScene,
): void {
  const bars = width - names;
  context.font = colours.small;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillStyle = colours.ink3;
  const gaps = axis.gaps.map(({ from, to }) => ({
    left: xOf(from, axis, window, bars),
    right: xOf(to, axis, window, bars),
    seconds: to - from,
  }));
  for (const tick of ticksOf(window.from, window.to, bars / 110)) {
    const x = ((tick - window.from) / (window.to - window.from)) * bars;
    if (x < 0 || x > bars - 40 || gaps.some(({ left, right }) => x > left - 50 && x < right + 90)) continue;
    context.fillText(tick === 0 ? '0' : tickText(axis.secondsAt(tick)), names + x + 4, RULER_HEIGHT / 2);
  }
  for (const { left, right, seconds } of gaps) {
    if (right < 0 || left > bars) continue;
    const text = `${duration(seconds)} idle`;
    context.fillStyle = colours.ink2;
    context.fillText(
      text,
      names + Math.max(4, Math.min(bars - context.measureText(text).width - 4, left + 2)),
      RULER_HEIGHT / 2,
    );
    context.fillStyle = colours.ink3;
  }
  context.fillStyle = colours.line;
  context.fillRect(0, RULER_HEIGHT - 1, width, 1);
  if (names > 0) context.fillRect(names - 1, 0, 1, RULER_HEIGHT);
}

/** The time at a share of the bars' width. */
export function timeAt(share: number, axis: TimeAxis, { from, to }: Zoom): string {
  return duration(Math.max(0, axis.secondsAt(from + share * (to - from))));
}
