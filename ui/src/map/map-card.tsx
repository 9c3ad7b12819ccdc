import type { ReadonlySignal } from '@preact/signals';
import { Fragment } from 'preact';
import { partFigures, titleOf, type Part, type PlacedNode } from './map-parts.tsx';
import { WHOLE, type View } from './panning.ts';

const CARD_HALF = 130;

/** Figures of the part under the pointer. Its accessible name has the same text. */
export function Card({
  part,
  minutes,
  all,
  view,
  width,
}: {
  part: Part;
  minutes: number | undefined;
  all: ReadonlyMap<number, PlacedNode>;
  view: ReadonlySignal<View | undefined>;
  width: number;
}) {
  const { x, y, scale } = view.value ?? WHOLE;
  const [a, b] =
    'edge' in part
      ? [all.get(part.edge.from.id), all.get(part.edge.to.id)]
      : [all.get(part.node.id), all.get(part.node.id)];
  if (a === undefined || b === undefined) return null;
  const left = Math.max(CARD_HALF, Math.min(width - CARD_HALF, x + ((a.x + b.x) / 2) * scale));
  const middleY = y + ((a.y + b.y) / 2) * scale;
  const gap = 'node' in part ? a.radius * scale + 4 : 10;
  const isBelow = middleY < 120;
  return (
    <div
      class="map-card"
      aria-hidden="true"
      style={{
        left: `${left}px`,
        top: `${middleY + (isBelow ? gap : -gap)}px`,
        transform: `translate(-50%, ${isBelow ? '0' : '-100%'})`,
      }}
    >
      <b>{titleOf(part)}</b>
      <span>
        {partFigures(part, minutes).map((figure, i) => (
          <Fragment key={figure}>
            {i > 0 && ' · '}
            <span>{figure}</span>
          </Fragment>
        ))}
      </span>
    </div>
  );
}
