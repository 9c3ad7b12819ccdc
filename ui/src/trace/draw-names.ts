import { contextOf, type ThemeColours } from '../canvas.ts';
import { duration, plural } from '../format.ts';
import { worstOf } from '../outcomes.ts';
import { cut } from './cut.ts';
import type { TimelineScene } from './timeline-scene.ts';
import { secondsOf } from './row-text.ts';
import type { TimelineRow } from './rows.ts';
import { indentOf, TWISTY, visible, type TimelineLayout } from './timeline-layout.ts';

/** px around a name. */
const GAP = 8;

/** A row's name, detail, hidden failures and duration. */
export function drawName(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  scene: TimelineScene,
  row: TimelineRow,
  y: number,
): void {
  const { colours, matches } = scene;
  const { span, call, fold } = row;
  const isAbove = layout.names === 0;
  const available = isAbove ? layout.width : layout.names;
  const x = indentOf(row.depth, layout);
  const middle = isAbove ? y + 11 : y + layout.rowHeight / 2;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  if (row.hasChildren) {
    context.fillStyle = colours.ink3;
    context.font = colours.small;
    context.fillText(row.isOpen ? '▾' : '▸', x + 2, middle);
  }
  context.font = colours.small;
  context.fillStyle = colours.ink3;
  context.textAlign = 'right';
  const length = duration(secondsOf(row));
  context.fillText(length, available - 9, middle);
  const beforeLength = available - 9 - context.measureText(length).width - GAP;
  const end = drawHidden(context, scene, row, beforeLength, middle);
  context.textAlign = 'left';
  let at = x + TWISTY + 4;
  const font = span.kind === 'segment' ? colours.strong : colours.medium;
  context.font = font;
  const name = cut(context, font, fold === undefined ? span.name : `${span.name} ×${fold.spans.length}`, end - at);
  if (matches.has(span) || (call !== undefined && matches.has(call))) {
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

/** Indent guides: one line per level for consecutive visible rows. */
export function drawGuides(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  { rows, colours }: TimelineScene,
  first: number,
  last: number,
): void {
  const { rowHeight, top, indents } = layout;
  context.fillStyle = colours.line;
  /** For each level, the row where its line starts. */
  const begins: number[] = [];
  for (let i = first; i <= last; i++) {
    const levels = i === last ? 0 : Math.max(0, rows[i]!.depth - indents.base);
    while (begins.length > levels) {
      const from = begins.pop()!;
      const x = indentOf(indents.base + begins.length, layout);
      context.fillRect(Math.round(x + TWISTY / 2 - 1), from * rowHeight - top, 1, (i - from) * rowHeight);
    }
    while (begins.length < levels) begins.push(i);
  }
}

/** Draws "● 2 faults" for hidden failures; returns the right edge of the space for the name. */
function drawHidden(
  context: CanvasRenderingContext2D,
  { colours }: TimelineScene,
  { hidden }: TimelineRow,
  right: number,
  middle: number,
): number {
  const worst = worstOf(hidden);
  if (worst === undefined) return right;
  const text = plural(worst.count, worst.outcome);
  context.fillText(text, right, middle);
  const x = right - context.measureText(text).width - GAP;
  context.fillStyle = colours.bars[worst.outcome];
  context.beginPath();
  context.arc(x, middle, 4, 0, 2 * Math.PI);
  context.fill();
  return x - GAP;
}

/** The width of the widest visible name, px. */
export function fittingNames(
  canvas: HTMLCanvasElement,
  layout: TimelineLayout,
  rows: readonly TimelineRow[],
  colours: ThemeColours,
): number {
  const context = contextOf(canvas);
  const { first, last } = visible(rows, layout);
  const widthOf = (font: string, text: string): number => {
    context.font = font;
    return text === '' ? 0 : context.measureText(text).width + GAP;
  };
  let most = 0;
  for (const row of rows.slice(first, last)) {
    const { span, fold, hidden } = row;
    const worst = worstOf(hidden);
    const name = fold === undefined ? span.name : `${span.name} ×${fold.spans.length}`;
    const texts =
      widthOf(span.kind === 'segment' ? colours.strong : colours.medium, name) +
      widthOf(colours.medium, span.detail) +
      widthOf(colours.small, worst === undefined ? '' : `●  ${plural(worst.count, worst.outcome)}`) +
      widthOf(colours.small, duration(secondsOf(row)));
    most = Math.max(most, indentOf(row.depth, layout) + TWISTY + 4 + texts + 9);
  }
  return Math.ceil(most);
}
