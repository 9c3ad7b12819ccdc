import type { Layout } from './layout.ts';
import { RADIUS, type MapNode } from './graph.ts';

/** Margin around the map, px; space for the labels of the outermost nodes. */
const MARGIN = { side: 8, top: 16, bottom: 28 };
/** Minimum distance between the centres of neighbours in a column, px; a column with less space is split into lanes. */
const MIN_GAP = 15;
/** The share of the column distance that lanes may take. */
const LANES_WIDTH = 0.7;
/** Distance between columns of the layout, px. */
const COLUMN = 240;
const SMALLEST_RADIUS = 4;
/** Space below a node for its label, px of the layout. */
export const TEXT_HEIGHT = 36;

/** Where each node is when the whole map fits its box, in px of the box. */
export interface Frame {
  readonly places: ReadonlyMap<number, { readonly x: number; readonly y: number }>;
  /** Scale of the layout when the whole map fits the box: at most 1. */
  readonly fit: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fits a layout into a box. Each direction is compressed separately, and never stretched: only the space between nodes
 * shrinks, so that names stay readable at any size of the map.
 */
export function frameOf(
  { places, width, height }: Layout,
  box: { readonly width: number; readonly height: number },
): Frame {
  const sx = Math.min(1, (box.width - 2 * MARGIN.side) / Math.max(1, width));
  const high = Math.max(1, box.height - MARGIN.top - MARGIN.bottom);
  const sy = Math.min(1, high / Math.max(1, height));
  const left = (box.width - width * sx) / 2;
  const top = MARGIN.top + (high - height * sy) / 2;
  const columns = Map.groupBy(Object.entries(places), ([, { x }]) => Math.round(x));
  const xs = [...columns.keys()].toSorted((a, b) => a - b);
  const found = new Map<number, { x: number; y: number }>();
  for (const [x, column] of columns) {
    const nodes = column.toSorted(([, a], [, b]) => a.y - b.y);
    const at = xs.indexOf(x);
    const next = Math.min((xs[at + 1] ?? Infinity) - x, x - (xs[at - 1] ?? -Infinity), COLUMN);
    const lanes = Math.max(1, Math.ceil((nodes.length * MIN_GAP) / high));
    const lane = (next * sx * LANES_WIDTH) / lanes;
    const ys = apart(
      nodes.map(([, { y }]) => top + (y - TEXT_HEIGHT / 2) * sy),
      MIN_GAP / lanes,
      MARGIN.top + high,
    );
    for (const [i, [id, place]] of nodes.entries()) {
      found.set(Number(id), { x: left + place.x * sx + ((i % lanes) - (lanes - 1) / 2) * lane, y: ys[i] ?? top });
    }
  }
  return { places: found, fit: Math.min(sy, 2 * sx), width: box.width, height: box.height };
}

/** Moves values at least `gap` apart, downwards, then those below `bottom` up again. */
function apart(ys: readonly number[], gap: number, bottom: number): number[] {
  const down: number[] = [];
  for (const y of ys) down.push(Math.max(y, (down.at(-1) ?? -Infinity) + gap));
  const up: number[] = [];
  for (const y of down.toReversed()) up.push(Math.min(y, (up.at(-1) ?? bottom + gap) - gap));
  return up.toReversed();
}

/** px on the screen, at a scale of the frame. */
export function radiusOf({ radius }: MapNode, { fit }: Frame, scale: number): number {
  return Math.max(SMALLEST_RADIUS + (radius - RADIUS.least) * 0.15, radius * fitAt(fit, scale));
}

/** The fit of a frame at another scale, at most 2. */
export function fitAt(fit: number, scale: number): number {
  return Math.min(2, fit * scale);
}

export function maxScale({ fit }: Frame): number {
  return Math.max(2, 2 / fit);
}
