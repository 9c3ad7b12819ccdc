import { LEGEND } from '../outcomes.ts';
import { figuresOf, OUTCOMES, sharesOf, typeName, type MapEdge, type MapNode, type Statistics } from './graph.ts';
import type { Label } from './labels.ts';

const RING = 5;
/** Minimum touch radius of a node, px. */
const HIT_RADIUS = 12;

/** A node in the map's own coordinates. */
export interface PlacedNode {
  readonly node: MapNode;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly label: Label | undefined;
}

export type Part = { readonly node: MapNode } | { readonly edge: MapEdge };

interface PartProps {
  readonly minutes: number | undefined;
  /** One px of the screen, in map coordinates. */
  readonly unit: number;
  readonly isLit: boolean;
  readonly isSelected: boolean;
  /** Receives the focus with Tab; the arrow keys move the tab stop from node to node. */
  readonly isStop: boolean;
  readonly onPress: (part: Part) => void;
  /** Pointed at, or reached by keys. */
  readonly onLook: (part: Part | undefined, isFocus: boolean) => void;
}

/** Makes a part a button for the keyboard and screen readers. */
function buttonOf(part: Part, { minutes, isSelected, isStop, onPress, onLook }: PartProps) {
  return {
    role: 'button' as const,
    // Lower case, because SVG attributes are case-sensitive.
    tabindex: isStop ? 0 : -1,
    'aria-pressed': isSelected,
    'aria-label': `${titleOf(part)}: ${partFigures(part, minutes).join(', ')}`,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onPress(part);
    },
    onFocus: () => onLook(part, true),
    onBlur: () => onLook(undefined, true),
  };
}

function pointerOf(part: Part, { onPress, onLook }: PartProps) {
  return {
    onClick: () => onPress(part),
    onPointerEnter: () => onLook(part, false),
    onPointerLeave: () => onLook(undefined, false),
  };
}

export function titleOf(part: Part): string {
  if ('edge' in part)
    return `${part.edge.from.name} → ${part.edge.to.name}${part.edge.isAsync ? ', asynchronous' : ''}`;
  const type = part.node.isClient ? '' : typeName(part.node.service.Type);
  return type === '' ? part.node.name : `${part.node.name}, ${type}`;
}

export function partFigures(part: Part, minutes: number | undefined): string[] {
  if ('node' in part) return figuresOf({ ...part.node, minutes });
  const { SummaryStatistics, ResponseTimeHistogram } = part.edge.edge;
  return figuresOf({ statistics: SummaryStatistics, histogram: ResponseTimeHistogram, minutes });
}

export function Node({ placed: { node, x, y, radius, label }, ...props }: PartProps & { readonly placed: PlacedNode }) {
  const { unit, isLit, isSelected } = props;
  const part = { node };
  const ring = Math.min(RING * unit, radius / 2);
  return (
    <g
      class={`node${isLit ? ' near' : ''}${isSelected ? ' selected' : ''}${node.service.FromAccessLog === true ? ' from-log' : ''}`}
      transform={`translate(${x} ${y})`}
      {...pointerOf(part, props)}
    >
      <g data-node={node.id} {...buttonOf(part, props)}>
        {radius < HIT_RADIUS * unit && <circle class="reach" r={HIT_RADIUS * unit} />}
        <circle r={radius} class="fill" stroke-width={2 * unit} />
        <Ring radius={radius - ring / 2} width={ring} gap={1.5 * unit} statistics={node.statistics} />
      </g>
      {label !== undefined && <Words label={label} radius={radius} unit={unit} />}
    </g>
  );
}

/** The accessible name of the button has the full text, including what does not fit here. */
function Words({
  label: { name, nameSize: namePx, place, under, underSize: underPx, number, numberPlace },
  radius,
  unit,
}: {
  label: Label;
  radius: number;
  unit: number;
}) {
  const [nameSize, underSize] = [namePx * unit, underPx * unit];
  const isBeside = place === 'beside';
  return (
    <g aria-hidden="true">
      {number !== '' && (
        <text class="inside" font-size={11 * unit} y={numberPlace === 'inside' ? 4 * unit : -radius - 4 * unit}>
          {number}
        </text>
      )}
      {name !== '' && (
        <text
          class={isBeside ? 'name beside' : 'name'}
          font-size={nameSize}
          stroke-width={3 * unit}
          x={isBeside ? radius + 3 * unit : 0}
          y={isBeside ? nameSize * 0.35 : radius + 2 * unit + nameSize}
        >
          {name}
        </text>
      )}
      {under !== '' && (
        <text
          class="under"
          font-size={underSize}
          stroke-width={3 * unit}
          y={radius + 3 * unit + nameSize * 1.25 + underSize}
        >
          {under}
        </text>
      )}
    </g>
  );
}

function Ring({
  radius,
  width,
  gap,
  statistics,
}: {
  radius: number;
  width: number;
  gap: number;
  statistics: Statistics | null;
}) {
  const shares = sharesOf(statistics);
  const parts = OUTCOMES.map((outcome) => shares[outcome]);
  const total = parts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return <circle r={radius} class="ring none" stroke-width={width} />;
  const around = 2 * Math.PI * radius;
  let before = 0;
  return (
    <g transform="rotate(-90)">
      {parts.map((part, i) => {
        const [length, offset] = [(part / total) * around, (before / total) * around];
        before += part;
        if (part === 0) return null;
        // A thin gap between the parts; a few faults among many requests stay visible.
        const shown = length === around ? around : Math.max(gap * 1.5, length - gap);
        return (
          <circle
            key={i}
            r={radius}
            class={`ring ${OUTCOMES[i]}`}
            stroke-width={width}
            stroke-dasharray={`${shown} ${around}`}
            stroke-dashoffset={-offset}
          />
        );
      })}
    </g>
  );
}

export function Edge({
  edge,
  source: a,
  target: b,
  ...props
}: PartProps & { readonly edge: MapEdge; readonly source: PlacedNode; readonly target: PlacedNode }) {
  const { unit: u, isLit, isSelected } = props;
  const part = { edge };
  const way = b.x <= a.x ? -1 : 1;
  const [x1, x2] = [a.x + way * (a.radius + 3 * u), b.x - way * (b.radius + 9 * u)];
  const bend = Math.max(30 * u, Math.abs(x2 - x1) / 2) * way;
  const self = a === b;
  const path = self
    ? `M${a.x - 10 * u},${a.y - a.radius} c${-30 * u},${-50 * u} ${50 * u},${-50 * u} ${20 * u},0`
    : `M${x1},${a.y} C${x1 + bend},${a.y} ${x2 - bend},${b.y} ${x2},${b.y}`;
  const head = `M${x2 - way * u},${b.y - 4 * u} l${7 * way * u},${4 * u} l${-7 * way * u},${4 * u} z`;
  return (
    <g
      class={`edge${isLit ? ' near' : ''}${isSelected ? ' selected' : ''}`}
      {...pointerOf(part, props)}
      {...buttonOf(part, props)}
    >
      <path class="hit" d={path} stroke-width={14 * u} />
      <path
        class="line"
        d={path}
        stroke-width={edge.width * u}
        stroke-dasharray={edge.isAsync ? `${5 * u} ${5 * u}` : undefined}
      />
      {!self && <path class="arrow" d={head} />}
    </g>
  );
}

/** Legend of the ring colours on the map. */
export function RingKey({ nodes }: { nodes: readonly MapNode[] }) {
  return OUTCOMES.filter((outcome) => nodes.some(({ statistics }) => sharesOf(statistics)[outcome] > 0)).map(
    (outcome) => (
      <span key={outcome} class="ring-key">
        <i class={`swatch ${outcome}`} aria-hidden="true" />
        {LEGEND[outcome].join('')}
      </span>
    ),
  );
}
