import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { mapOf, type Graph, type MapSelection } from './graph.ts';
import { layout, type Layout } from './layout.ts';
import { Edge, Node, TEXT_HEIGHT } from './map-parts.tsx';

const TEXT_WIDTH = 150;
const MAX_SCALE = 2;
/** Of so many the names go while the map is moved: text is what takes time (33 frames a second for 270 services with it, 58 without). */
const MANY_NODES = 100;
const REST_MS = 150;
/** As many calls as can be told apart, and moved smoothly; those of the selected service are drawn anyway. */
const MAX_EDGES = 500;
const LEAST_SCALE = 0.65;

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
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes]);
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
    const clients = nodes.filter(({ isClient }) => isClient).flatMap(({ id }) => placed.value?.places[id]?.y ?? []);
    const middleY = clients.length === 0 ? height / 2 : clients.reduce((sum, each) => sum + each, 0) / clients.length;
    const spareY = clientHeight - height * scale;
    const y = spareY >= 0 ? spareY / 2 : Math.max(spareY, Math.min(0, clientHeight / 2 - middleY * scale));
    return { scale, x: Math.max(0, (clientWidth - width * scale) / 2), y };
  };
  const isMoving = useSignal(false);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const move = (next: { x: number; y: number; scale: number }): void => {
    view.value = next;
    isMoving.value = true;
    clearTimeout(rest.current);
    rest.current = setTimeout(() => (isMoving.value = false), REST_MS);
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
      move({ scale: next, x: px - (px - now.x) * ratio, y: py - (py - now.y) * ratio });
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
  const lit = hovered.value ?? selected?.node;
  const drawn = useMemo(() => edges.toSorted((a, b) => b.width - a.width).slice(0, MAX_EDGES), [edges]);
  // The same elements for another view: moving the map touches one attribute.
  const content = useMemo(() => {
    if (placed.value === undefined) return null;
    const neighbours = new Set(lit === undefined ? [] : [lit, ...edges.flatMap(({ from, to }) => (from === lit ? [to] : to === lit ? [from] : []))]);
    const shown =
      drawn.length === edges.length || lit === undefined
        ? drawn
        : [...new Set([...drawn, ...edges.filter(({ from, to }) => from === lit || to === lit)])];
    return (
      <>
        {shown.map((edge) => (
          <Edge
            key={`${edge.from} ${edge.to} ${edge.isAsync}`}
            edge={edge}
            nodes={byId}
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
      </>
    );
  }, [nodes, edges, minutes, placed.value, lit, selected?.node, selected?.to]);
  return (
    <div class="map-view">
      <svg
        ref={box}
        role="group"
        aria-label="Service map"
        class={`${lit === undefined ? '' : 'lit'} ${isMoving.value && nodes.length > MANY_NODES ? 'moving' : ''}`}
        onPointerDown={(event) => {
          if ((event.target as Element).closest('.node,.edge') !== null) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          press.current = { x: event.clientX, y: event.clientY, at: { x, y } };
        }}
        onPointerMove={(event) => {
          const start = press.current;
          if (start !== undefined) move({ scale, x: start.at.x + event.clientX - start.x, y: start.at.y + event.clientY - start.y });
        }}
        onPointerUp={(event) => {
          const start = press.current;
          press.current = undefined;
          if (start !== undefined && Math.abs(event.clientX - start.x) + Math.abs(event.clientY - start.y) < 4) onSelect(undefined);
        }}
        onDblClick={() => (view.value = undefined)}
      >
        {content !== null && <g transform={`translate(${x} ${y}) scale(${scale})`}>{content}</g>}
      </svg>
      {placed.value === undefined && <p class="empty faint laying">Laying out {plural(nodes.length, 'service')} …</p>}
      {drawn.length < edges.length && (
        <p class="note faint">
          The busiest {count(drawn.length)} of {count(edges.length)} calls. Select a service for all of its own.
        </p>
      )}
      {view.value !== undefined && (
        <button type="button" class="button small fit" onClick={() => (view.value = undefined)}>
          Whole map
        </button>
      )}
    </div>
  );
}
