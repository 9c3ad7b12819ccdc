import { count, duration, middle, shortName } from '../format.ts';
import { OUTCOMES, quantile, sharesOf, typeName, type MapEdge, type MapNode, type MapSelection } from './graph.ts';
import type { Layout } from './layout.ts';

const RING = 5;
/** px below a node for its name and what stands under it. */
export const TEXT_HEIGHT = 36;

interface NodeProps {
  readonly node: MapNode;
  readonly edges: readonly MapEdge[];
  readonly minutes: number | undefined;
  readonly layout: Layout;
  readonly isLit: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (selection: MapSelection | undefined) => void;
  readonly onHover: (id: number | undefined) => void;
}

export function Node({ node, edges, minutes, layout: { places }, isLit, isSelected, onSelect, onHover }: NodeProps) {
  const place = places[node.id];
  if (place === undefined) return null;
  const { id, radius, service, isClient } = node;
  const shares = isClient
    ? edges.filter(({ from }) => from === id).map(({ edge }) => sharesOf(edge.SummaryStatistics))
    : [sharesOf(service.SummaryStatistics)];
  const sums = OUTCOMES.map((outcome) => shares.reduce((sum, each) => sum + each[outcome], 0));
  const total = sums.reduce((sum, each) => sum + each, 0);
  const y = place.y - TEXT_HEIGHT / 2;
  const name = isClient ? 'Client' : shortName(service.Name);
  const median = quantile(service.ResponseTimeHistogram, 0.5);
  const under = [
    isClient ? (minutes === undefined ? 'requests' : 'requests a minute') : typeName(service.Type),
    !isClient && median !== undefined ? latency(median) : '',
  ]
    .filter((text) => text !== '')
    .join(' · ');
  const select = (): void => onSelect(isSelected ? undefined : { node: id, to: undefined });
  return (
    <g
      class={`node${isLit ? ' near' : ''}${isSelected ? ' selected' : ''}`}
      role="button"
      tabIndex={0}
      aria-pressed={isSelected}
      transform={`translate(${place.x} ${y})`}
      onClick={select}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        select();
      }}
      onPointerEnter={() => onHover(id)}
      onPointerLeave={() => onHover(undefined)}
    >
      <desc>{sums.map((sum, i) => `${count(sum)} ${OUTCOMES[i]}`).join(', ')}</desc>
      <circle r={radius} class="fill" />
      <Ring radius={radius - RING / 2} parts={sums} />
      {radius > 22 && (
        <text class="inside" y="4">
          {rateText(total, minutes)}
        </text>
      )}
      <text class="name" y={radius + 18}>
        {middle(name, 22)}
        <title>{service.Name}</title>
      </text>
      <text class="under" y={radius + 33}>
        {middle(under, 28)}
      </text>
    </g>
  );
}

/** X-Ray's histograms are in whole milliseconds. */
export function latency(seconds: number): string {
  return seconds < 0.001 ? '< 1 ms' : duration(seconds);
}

/** Requests a minute, or how many where no time is meant. */
export function rateText(total: number, minutes: number | undefined): string {
  if (minutes === undefined) return count(total);
  const perMinute = total / minutes;
  return perMinute >= 10_000
    ? `${count(Math.round(perMinute / 1000))}k`
    : perMinute >= 10
      ? count(Math.round(perMinute))
      : String(Number(perMinute.toPrecision(2)));
}

function Ring({ radius, parts }: { radius: number; parts: readonly number[] }) {
  const total = parts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return <circle r={radius} class="ring none" />;
  const around = 2 * Math.PI * radius;
  let before = 0;
  return (
    <g transform="rotate(-90)">
      {parts.map((part, i) => {
        const [length, offset] = [(part / total) * around, (before / total) * around];
        before += part;
        if (part === 0) return null;
        // A hair between the parts; few faults among many requests are to be seen.
        const shown = length === around ? around : Math.max(2, length - 1.5);
        return <circle key={i} r={radius} class={`ring ${OUTCOMES[i]}`} stroke-dasharray={`${shown} ${around}`} stroke-dashoffset={-offset} />;
      })}
    </g>
  );
}

interface EdgeProps {
  readonly edge: MapEdge;
  readonly nodes: ReadonlyMap<number, MapNode>;
  readonly layout: Layout;
  readonly isLit: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (selection: MapSelection | undefined) => void;
}

export function Edge({ edge: { from, to, edge, width, isAsync }, nodes, layout: { places }, isLit, isSelected, onSelect }: EdgeProps) {
  const [a, b] = [places[from], places[to]];
  const [source, target] = [nodes.get(from), nodes.get(to)];
  if (a === undefined || b === undefined || source === undefined || target === undefined) return null;
  const lift = TEXT_HEIGHT / 2;
  const isBack = b.x <= a.x;
  const [x1, y1] = [a.x + (isBack ? -1 : 1) * (source.radius + 3), a.y - lift];
  const [x2, y2] = [b.x - (isBack ? -1 : 1) * (target.radius + 9), b.y - lift];
  const bend = Math.max(30, Math.abs(x2 - x1) / 2) * (isBack ? -1 : 1);
  const self = from === to;
  const path = self
    ? `M${a.x - 10},${a.y - lift - source.radius} c-30,-50 50,-50 20,0`
    : `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  const total = edge.SummaryStatistics?.TotalCount ?? 0;
  const median = quantile(edge.ResponseTimeHistogram, 0.5);
  const head = isBack ? `M${x2 + 2},${y2 - 4} l-7,4 l7,4 z` : `M${x2 - 1},${y2 - 4} l7,4 l-7,4 z`;
  return (
    <g class={`edge${isLit ? ' near' : ''}${isSelected ? ' selected' : ''}`} onClick={() => onSelect(isSelected ? undefined : { node: from, to })}>
      <title>{`${source.service.Name} → ${target.service.Name}: ${count(total)}${median === undefined ? '' : `, ${latency(median)}`}${isAsync ? ', asynchronous' : ''}`}</title>
      <path class="hit" d={path} />
      <path class="line" d={path} stroke-width={width} stroke-dasharray={isAsync ? '5 5' : undefined} />
      {!self && <path class="arrow" d={head} />}
    </g>
  );
}
