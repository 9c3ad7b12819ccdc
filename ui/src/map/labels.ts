import { middle } from '../format.ts';

/** A node as it is on the screen, in px. */
export interface Labelled {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly name: string;
  /** Second line. */
  readonly under: string;
  readonly number: string;
}

/** The label of a node; "" for parts that do not fit. Sizes in px on the screen. */
export interface Label {
  readonly name: string;
  readonly under: string;
  readonly place: 'below' | 'beside';
  readonly nameSize: number;
  readonly underSize: number;
  readonly number: string;
  readonly numberPlace: 'inside' | 'above';
}

/** Minimum font size on the map, px. */
const MIN_SIZE = 11;
const NAME_SIZE = 14;
/** Estimated character width at a font size of 1, slightly above that of the fonts. */
const CHARACTER = 0.6;
const LINE = 1.3;
const LONGEST_NAME = 22;
const LONGEST_UNDER = 28;
const SHORT_NAME = 12;
/** Circles of at least this radius have their number inside, px. */
const NUMBER_INSIDE = 22;

interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Occupied rectangles, indexed by horizontal bands of the screen. */
class Covered {
  readonly #bands = new Map<number, Rect[]>();

  add(rect: Rect): void {
    for (const band of bandsOf(rect)) {
      const rects = this.#bands.get(band);
      if (rects === undefined) this.#bands.set(band, [rect]);
      else rects.push(rect);
    }
  }

  has(rect: Rect, except: Rect | undefined): boolean {
    return bandsOf(rect).some((band) =>
      (this.#bands.get(band) ?? []).some(
        (other) =>
          other !== except &&
          other.left < rect.right &&
          rect.left < other.right &&
          other.top < rect.bottom &&
          rect.top < other.bottom,
      ),
    );
  }
}

const BAND = 32;

function bandsOf({ top, bottom }: Rect): number[] {
  const first = Math.floor(top / BAND);
  return Array.from({ length: Math.floor(bottom / BAND) - first + 1 }, (_, i) => first + i);
}

/**
 * Places as many labels as fit, in the order of `nodes`: all names first, then second lines, then numbers; a shortened
 * name is better than none.
 * `fit` is the scale of the map, 1 for its own size. Labels cover neither circles nor each other, stay within `bounds`,
 * and are at least 11 px high.
 */
export function labelsOf(
  nodes: readonly Labelled[],
  fit: number,
  bounds: { readonly width: number; readonly height: number },
): ReadonlyMap<number, Label> {
  const covered = new Covered();
  const circles = new Map(
    nodes.map(
      ({ id, x, y, radius }) =>
        [id, { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }] as const,
    ),
  );
  for (const circle of circles.values()) covered.add(circle);
  const takes = (id: number, rect: Rect): boolean => {
    const isInside = rect.left >= 0 && rect.top >= 0 && rect.right <= bounds.width && rect.bottom <= bounds.height;
    if (!isInside || covered.has(rect, circles.get(id))) return false;
    covered.add(rect);
    return true;
  };
  const largeSize = Math.max(MIN_SIZE, Math.min(22, NAME_SIZE * fit));
  const underSize = Math.max(MIN_SIZE, Math.min(16, MIN_SIZE * fit));
  const labels = new Map<number, Label>();
  for (const node of nodes) {
    const short = middle(node.name, LONGEST_NAME);
    const shorter = middle(node.name, SHORT_NAME);
    const wordings = [
      { name: short, place: 'below', nameSize: largeSize },
      { name: short, place: 'below', nameSize: MIN_SIZE },
      { name: short, place: 'beside', nameSize: MIN_SIZE },
      { name: shorter, place: 'below', nameSize: MIN_SIZE },
      { name: shorter, place: 'beside', nameSize: MIN_SIZE },
    ] as const;
    const found = wordings.find((wording) => takes(node.id, nameRect(node, wording)));
    const wording = found ?? { name: '', place: 'below' as const, nameSize: largeSize };
    labels.set(node.id, { ...wording, under: '', underSize, number: '', numberPlace: 'inside' });
  }
  for (const node of nodes) {
    const label = labels.get(node.id);
    const under = middle(node.under, LONGEST_UNDER);
    if (label === undefined || label.name === '' || label.place === 'beside' || under === '') continue;
    const { bottom } = nameRect(node, label);
    if (takes(node.id, centred(node.x, bottom, under, underSize))) labels.set(node.id, { ...label, under });
  }
  for (const { id, x, y, radius, number } of nodes) {
    const label = labels.get(id);
    if (label === undefined) continue;
    if (radius >= NUMBER_INSIDE) labels.set(id, { ...label, number });
    else if (takes(id, centred(x, y - radius - MIN_SIZE * LINE - 2, number, MIN_SIZE)))
      labels.set(id, { ...label, number, numberPlace: 'above' });
  }
  return labels;
}

function nameRect(
  { x, y, radius }: Labelled,
  { name, place, nameSize }: Pick<Label, 'name' | 'place' | 'nameSize'>,
): Rect {
  if (place === 'below') return centred(x, y + radius + 2, name, nameSize);
  const half = (nameSize * LINE) / 2;
  return {
    left: x + radius + 3,
    right: x + radius + 3 + name.length * CHARACTER * nameSize,
    top: y - half,
    bottom: y + half,
  };
}

function centred(x: number, top: number, text: string, size: number): Rect {
  const half = (text.length * CHARACTER * size) / 2;
  return { left: x - half, right: x + half, top, bottom: top + size * LINE };
}
