import type { Layout } from './layout.ts';
import { RADIUS, type MapNode } from './graph.ts';

/** px around the map; above and below for the number and the words of the outermost nodes. */
const MARGIN = { side: 8, top: 16, bottom: 28 };
/** px between the centres of neighbours in one column; where there is less room, the column is several lanes. */
const LEAST_GAP = 15;
/** The share of the way to the next column that lanes may take. */
const LANES_WIDTH = 0.7;
/** px of the layout from one column to the next. */
const COLUMN = 240;
const SMALLEST_RADIUS = 4;
/** px of the layout below a node, for its words. */
export const TEXT_HEIGHT = 36;

/** Where each node is when the whole map fits its box, in px of the box. */
export interface Frame {
  readonly places: ReadonlyMap<number, { readonly x: number; readonly y: number }>;
  /** How much room there is at a scale of 1, against the layout's own: 1 or less. */
  readonly room: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Fits a layout into a box. Each direction is shortened on its own, and never lengthened: what gets smaller is the space between nodes, so that
 * names can be read at any size of the map.
 */
export function frameOf({ places, width, height }: Layout, box: { readonly width: number; readonly height: number }): Frame {
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
    const lanes = Math.max(1, Math.ceil((nodes.length * LEAST_GAP) / high));
    const lane = (next * sx * LANES_WIDTH) / lanes;
    const ys = apart(
      nodes.map(([, { y }]) => top + (y - TEXT_HEIGHT / 2) * sy),
      LEAST_GAP / lanes,
      MARGIN.top + high,
    );
    for (const [i, [id, place]] of nodes.entries()) {
      found.set(Number(id), { x: left + place.x * sx + ((i % lanes) - (lanes - 1) / 2) * lane, y: ys[i] ?? top });
    }
  }
  return { places: found, room: Math.min(sy, 2 * sx), width: box.width, height: box.height };
}

/** Moves what is nearer than `gap` apart, downwards, and what is then below `bottom` up again. */
function apart(ys: readonly number[], gap: number, bottom: number): number[] {
  const down: number[] = [];
  for (const y of ys) down.push(Math.max(y, (down.at(-1) ?? -Infinity) + gap));
  const up: number[] = [];
  for (const y of down.toReversed()) up.push(Math.min(y, (up.at(-1) ?? bottom + gap) - gap));
  return up.toReversed();
}

/** px on the screen, at a scale of the frame. */
export function radiusOf({ radius }: MapNode, { room }: Frame, scale: number): number {
  return Math.max(SMALLEST_RADIUS + (radius - RADIUS.least) * 0.15, radius * roomAt(room, scale));
}

/** As the room of a frame; 2 at most: larger than life is enough. */
export function roomAt(room: number, scale: number): number {
  return Math.min(2, room * scale);
}

export function maxScale({ room }: Frame): number {
  return Math.max(2, 2 / room);
}
