import type { TimelineRow } from './rows.ts';
import type { TimeAxis } from './time-axis.ts';
import type { Zoom } from './zoom.ts';

export interface TimelineLayout {
  /** px. */
  readonly width: number;
  readonly height: number;
  /** Width of the name column; 0 if names are above the bars. */
  readonly names: number;
  readonly rowHeight: number;
  readonly top: number;
  readonly indents: Indents;
}

/** Indentation of names: levels above `base` are not indented, so that names of deep spans stay readable. */
interface Indents {
  readonly base: number;
  /** px per level. */
  readonly step: number;
}

const INDENT = 14;
const MIN_INDENT = 4;
/** The share of the name column that indentation may take. */
const MAX_INDENT = 0.5;
const NAME_PAD = 8;
export const TWISTY = 14;
export const RULER_HEIGHT = 24;
export const ROW_HEIGHT = 26;
/** With the name above the bar. */
export const TALL_ROW_HEIGHT = 40;
/** Below this width, names are above the bars. */
const NARROW = 560;

/** Row height and width of the name column, px; `chosen` is the width that the user chose. */
export function columnsOf(width: number, chosen: number): Pick<TimelineLayout, 'rowHeight' | 'names'> {
  if (width < NARROW) return { rowHeight: TALL_ROW_HEIGHT, names: 0 };
  return { rowHeight: ROW_HEIGHT, names: Math.round(Math.min(chosen, width * 0.75)) };
}

/** `names`: the width that the user chose, px. */
export function layoutOf(
  rows: readonly TimelineRow[],
  { width, height, top, names: chosen }: { width: number; height: number; top: number; names: number },
): TimelineLayout {
  const { rowHeight, names } = columnsOf(width, chosen);
  const { first, last } = visible(rows, { top, height, rowHeight });
  return { width, height, names, rowHeight, top, indents: indentsOf(rows, first, last, names === 0 ? width : names) };
}

/** Indexes of the visible rows, `last` excluded. */
export function visible(
  rows: readonly TimelineRow[],
  { top, height, rowHeight }: { top: number; height: number; rowHeight: number },
): { first: number; last: number } {
  return {
    first: Math.max(0, Math.floor(top / rowHeight)),
    last: Math.min(rows.length, Math.ceil((top + height) / rowHeight)),
  };
}

function indentsOf(rows: readonly TimelineRow[], first: number, last: number, available: number): Indents {
  let [least, most] = [Infinity, 0];
  for (let i = first; i < last; i++) {
    least = Math.min(least, rows[i]!.depth);
    most = Math.max(most, rows[i]!.depth);
  }
  const mostPx = available * MAX_INDENT;
  if (most * INDENT <= mostPx) return { base: 0, step: INDENT };
  const levels = Math.max(1, most - least);
  return { base: least, step: Math.max(MIN_INDENT, Math.min(INDENT, mostPx / levels)) };
}

/** Left edge of a level, px. */
export function indentOf(depth: number, { names, width, indents: { base, step } }: TimelineLayout): number {
  const available = names === 0 ? width : names;
  return NAME_PAD + Math.min(Math.max(0, depth - base) * step, available * MAX_INDENT + INDENT);
}

/** Position of a time, px from the left edge of the bars. */
export function xOf(seconds: number, axis: TimeAxis, { from, to }: Zoom, width: number): number {
  return ((axis.unitsAt(seconds) - from) / (to - from)) * width;
}
