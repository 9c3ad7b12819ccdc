import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { count, duration, middle, shortName } from '../format.ts';
import { mapOf, OUTCOMES, quantile, sharesOf, typeName, type Graph, type MapEdge, type MapNode } from './graph.ts';
import { layout, type Layout } from './layout.ts';

const RING = 5;
/** px below a node for its name and what stands under it. */
const TEXT_HEIGHT = 36;
const TEXT_WIDTH = 150;
const MAX_SCALE = 2;
const LEAST_SCALE = 0.65;

/** What is looked at: a node, or an edge. */
export interface MapSelection {
  readonly node: number;
  /** The edge's other end; undefined for the node itself. */
  readonly to: number | undefined;
}

export interface MapViewProps {
  readonly graph: Graph;
  /** Minutes that the graph is of, for requests a minute; undefined for plain counts. */
  readonly minutes: number | undefined;
  readonly selected: MapSelection | undefined;
  readonly onSelect: (selection: MapSelection | undefined) => void;
}

/** Services and who calls whom, left to right. */
export function MapView({ graph, minutes, selected, onSelect }: MapViewProps) {
  const { nodes, edges } = useMemo(() => mapOf(graph), [graph]);
  const placed = useSignal<Layout | undefined>(undefined);
  const hovered = useSignal<number | undefined>(undefined);
  const view = useSignal<{ x: number; y: number; scale: number } | undefined>(undefined);
  const box = useRef<SVGSVGElement>(null);
  const press = useRef<{ x: number; y: number; at: { x: number; y: number } } | undefined>(undefined);
  const shape = useMemo(
    () => JSON.stringify([nodes.map(({ id, service }) => [id, service.Name]), edges.map(({ from, to }) => [from, to])]),
    [nodes, edges],
  );
  // Only another shape is laid out anew: numbers change in place.
  useEffect(() => {
    let isStale = false;
    void (async () => {
      const next = await layout({
        nodes: nodes.map(({ id, radius }) => ({ id, width: Math.max(TEXT_WIDTH, radius * 2), height: radius * 2 + TEXT_HEIGHT })),
        edges,
      });
      if (!isStale) placed.value = next;
    })();
    return () => (isStale = true);
  }, [shape]);
  const fit = (): { x: number; y: number; scale: number } => {
    const { clientWidth = 800, clientHeight = 600 } = box.current ?? {};
    const { width = 1, height = 1 } = placed.value ?? {};
    // Smaller could not be read: then a part is seen, from the clients on.
    const scale = Math.max(LEAST_SCALE, Math.min(1, clientWidth / Math.max(1, width), clientHeight / Math.max(1, height)));
    return { scale, x: Math.max(0, (clientWidth - width * scale) / 2), y: Math.max(0, (clientHeight - height * scale) / 2) };
  };
  const size = useSignal(0);
  useEffect(() => {
    const observer = new ResizeObserver(() => size.value++);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  void size.value;
  const { x, y, scale } = view.value ?? fit();
  useEffect(() => {
    const element = box.current!;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const now = view.peek() ?? fit();
      const bounds = element.getBoundingClientRect();
      const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
      const next = Math.max(0.1, Math.min(MAX_SCALE, now.scale * Math.exp(-event.deltaY / 400)));
      const ratio = next / now.scale;
      view.value = { scale: next, x: px - (px - now.x) * ratio, y: py - (py - now.y) * ratio };
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
  const lit = hovered.value ?? selected?.node;
  const neighbours = new Set(lit === undefined ? [] : [lit, ...edges.flatMap(({ from, to }) => (from === lit ? [to] : to === lit ? [from] : []))]);
  return (
    <div class="map-view">
      <svg
        ref={box}
        role="group"
        aria-label="Service map"
        class={lit === undefined ? '' : 'lit'}
        onPointerDown={(event) => {
          if ((event.target as Element).closest('.node,.edge') !== null) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          press.current = { x: event.clientX, y: event.clientY, at: { x, y } };
        }}
        onPointerMove={(event) => {
          const start = press.current;
          if (start !== undefined) view.value = { scale, x: start.at.x + event.clientX - start.x, y: start.at.y + event.clientY - start.y };
        }}
        onPointerUp={(event) => {
          const start = press.current;
          press.current = undefined;
          if (start !== undefined && Math.abs(event.clientX - start.x) + Math.abs(event.clientY - start.y) < 4) onSelect(undefined);
        }}
        onDblClick={() => (view.value = undefined)}
      >
        {placed.value !== undefined && (
          <g transform={`translate(${x} ${y}) scale(${scale})`}>
            {edges.map((edge) => (
              <Edge
                key={`${edge.from} ${edge.to} ${edge.isAsync}`}
                edge={edge}
                nodes={nodes}
                layout={placed.value!}
                isLit={lit !== undefined && (edge.from === lit || edge.to === lit)}
                isSelected={selected?.node === edge.from && selected.to === edge.to}
                onSelect={onSelect}
              />
            ))}
            {nodes.map((node) => (
              <Node
                key={node.id}
                node={node}
                edges={edges}
                minutes={minutes}
                layout={placed.value!}
                isLit={neighbours.has(node.id)}
                isSelected={selected?.node === node.id && selected.to === undefined}
                onSelect={onSelect}
                onHover={(id) => (hovered.value = id)}
              />
            ))}
          </g>
        )}
      </svg>
      {view.value !== undefined && (
        <button type="button" class="button small fit" onClick={() => (view.value = undefined)}>
          Whole map
        </button>
      )}
    </div>
  );
}

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

function Node({ node, edges, minutes, layout: { places }, isLit, isSelected, onSelect, onHover }: NodeProps) {
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
  readonly nodes: readonly MapNode[];
  readonly layout: Layout;
  readonly isLit: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (selection: MapSelection | undefined) => void;
}

function Edge({ edge: { from, to, edge, width, isAsync }, nodes, layout: { places }, isLit, isSelected, onSelect }: EdgeProps) {
  const [a, b] = [places[from], places[to]];
  const [source, target] = [nodes.find(({ id }) => id === from), nodes.find(({ id }) => id === to)];
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
