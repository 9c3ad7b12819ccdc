import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { useLatest, useSize } from '../hooks.ts';
import { addKeys } from '../shell/keys.ts';
import type { MapEdge, MapSelection, ServiceMap } from './graph.ts';
import { layout, type Layout } from './layout.ts';
import { isNamed, MapFind } from './map-find.tsx';
import { Card } from './map-card.tsx';
import { Edge, Node, RingKey, type Part } from './map-parts.tsx';
import { usePanning, WHOLE, type View } from './panning.ts';
import { usePlacedNodes } from './placed-nodes.ts';
import { frameOf, maxScale, TEXT_HEIGHT, type Frame } from './viewport.ts';

const TEXT_WIDTH = 150;
/**
 * With more nodes, names are hidden while the map moves: drawing text is expensive (270 services: 33 frames per second
 * with names, 58 without).
 */
const MANY_NODES = 100;
/**
 * Maximum number of calls that can be told apart and moved smoothly; the calls of the selected service are always
 * drawn.
 */
const MAX_EDGES = 500;

export interface MapViewProps {
  readonly map: ServiceMap;
  /** Time span of the numbers in minutes, for rates; undefined for counts. */
  readonly minutes: number | undefined;
  /** What the numbers mean: "Requests a minute, 17:05:00 to 17:20:00". */
  readonly about: string;
  /** The selection in terms of the given map: reference IDs differ from one reading to the next. */
  readonly selectedIn: (map: ServiceMap) => MapSelection | undefined;
  /** The selection has the reference IDs of `map`. */
  readonly onSelect: (selection: MapSelection | undefined, map: ServiceMap) => void;
}

/** Services and their calls, left to right. */
export function MapView({ map: latest, minutes, about, selectedIn, onSelect }: MapViewProps) {
  const { map, placed } = useLayout(latest);
  const { nodes, edges } = map;
  const selected = selectedIn(map);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const size = useSize(box);
  const frame = useComputed<Frame | undefined>(() =>
    placed.value === undefined || size.value === undefined ? undefined : frameOf(placed.value.layout, size.value),
  );
  const { view, rested, isMoving, show, handlers } = usePanning(box, {
    greatestScale: () => (frame.value === undefined ? 2 : maxScale(frame.value)),
    onNothing: () => onSelect(undefined, map),
  });
  const scale = useComputed(() => rested.value?.scale ?? 1).value;
  /** The part under the pointer, and the part with the focus. */
  const pointed = useSignal<Part | undefined>(undefined);
  const focused = useSignal<Part | undefined>(undefined);
  const stop = useSignal<number | undefined>(undefined);
  const text = useSignal('');
  const sought = text.value;
  const found = useMemo(
    () => (sought === '' ? undefined : new Set(nodes.filter(({ name }) => isNamed(name, sought)).map(({ id }) => id))),
    [nodes, sought],
  );
  const go = (id: number): void => {
    stop.value = id;
    const place = frame.peek()?.places.get(id);
    const { width, height } = size.peek() ?? { width: 0, height: 0 };
    const now = view.peek() ?? WHOLE;
    if (place === undefined) return;
    const [x, y] = [now.x + place.x * now.scale, now.y + place.y * now.scale];
    if (x < 0 || y < 0 || x > width || y > height)
      show({ ...now, x: width / 2 - place.x * now.scale, y: height / 2 - place.y * now.scale });
    // It is not rendered as the tab stop yet, but can already receive the focus.
    box.current?.querySelector<SVGGElement>(`[data-node="${id}"]`)?.focus();
  };
  const current = nodes.some(({ id }) => id === stop.value) ? stop.value : nodes[0]?.id;
  const move = useLatest((dx: number, dy: number): void => {
    const next = neighbourOf(current, frame.peek(), dx, dy);
    if (next !== undefined) go(next);
  });
  const { zoomBy } = handlers;
  useLayoutEffect(
    () =>
      addKeys('Map', [
        { keys: ['f'], does: 'find a service', run: () => input.current?.focus() },
        { keys: ['ArrowRight'], does: 'service to the right; Tab: to its calls', run: () => move(1, 0) },
        { keys: ['ArrowLeft'], does: 'service to the left', run: () => move(-1, 0) },
        { keys: ['ArrowDown'], does: 'service below', run: () => move(0, 1) },
        { keys: ['ArrowUp'], does: 'service above', run: () => move(0, -1) },
        { keys: ['+', '='], does: 'zoom in', run: () => zoomBy(1.5) },
        { keys: ['-'], does: 'zoom out', run: () => zoomBy(1 / 1.5) },
        { keys: ['0'], does: 'show the whole map', run: () => show(undefined) },
      ]),
    [move, zoomBy, show],
  );
  const press = useLatest((part: Part): void => {
    const next =
      'node' in part ? { node: part.node.id, to: undefined } : { node: part.edge.from.id, to: part.edge.to.id };
    onSelect(next.node === selected?.node && next.to === selected.to ? undefined : next, map);
  });
  /** Where the pointer was pressed, until it moves: a part that moves under the resting pointer was not pointed at. */
  const pressedAt = useRef<{ x: number; y: number } | undefined>(undefined);
  const look = useLatest((part: Part | undefined, isFocus: boolean): void => {
    if (!isFocus && part !== undefined && pressedAt.current !== undefined) return;
    (isFocus ? focused : pointed).value = part;
    if (isFocus && part !== undefined && 'node' in part) stop.value = part.node.id;
  });
  const looked = pointed.value ?? focused.value;
  const lit = looked !== undefined && 'node' in looked ? looked.node.id : selected?.node;
  const drawn = useMemo(() => edges.toSorted((a, b) => b.width - a.width).slice(0, MAX_EDGES), [edges]);
  const all = usePlacedNodes(nodes, frame.value, scale, minutes, selected?.node);
  const [selectedNode, selectedTo] = [selected?.node, selected?.to];
  // Memoized: moving the map changes a single attribute.
  const content = useMemo(() => {
    if (all.size === 0) return null;
    const neighbours = new Set(
      found ??
        (lit === undefined
          ? []
          : [lit, ...edges.flatMap(({ from, to }) => (from.id === lit ? [to.id] : to.id === lit ? [from.id] : []))]),
    );
    const isOf = ({ from, to }: MapEdge, id: number | undefined): boolean =>
      id !== undefined && (from.id === id || to.id === id);
    const shown = new Set([...drawn, ...edges.filter((edge) => isOf(edge, lit) || isOf(edge, current))]);
    const props = { minutes, unit: 1 / scale, onPress: press, onLook: look };
    const line = (edge: MapEdge) => {
      const [source, target] = [all.get(edge.from.id), all.get(edge.to.id)];
      return (
        source !== undefined &&
        target !== undefined && (
          <Edge
            key={edge.key}
            {...props}
            edge={edge}
            source={source}
            target={target}
            isLit={found === undefined && isOf(edge, lit)}
            isSelected={selectedNode === edge.from.id && selectedTo === edge.to.id}
            isStop={edge.from.id === current}
          />
        )
      );
    };
    const [own, others] = [
      [...shown].filter(({ from }) => from.id === current),
      [...shown].filter(({ from }) => from.id !== current),
    ];
    return (
      <>
        {others.map(line)}
        {[...all.values()].map((placedNode) => {
          const { id } = placedNode.node;
          return (
            <Node
              key={id}
              {...props}
              placed={placedNode}
              isLit={neighbours.has(id)}
              isSelected={selectedNode === id && selectedTo === undefined}
              isStop={id === current}
            />
          );
        })}
        {/* After its node, so that Tab moves from a service to its calls. */}
        {own.map(line)}
      </>
    );
  }, [edges, drawn, minutes, all, scale, lit, current, found, selectedNode, selectedTo, press, look]);
  const isWhole = useComputed(() => view.value === undefined);
  const next = useRef(0);
  const silent = useMemo(() => [...all.values()].filter(({ label }) => label?.name === '').length, [all]);
  const key = useMemo(() => <RingKey nodes={nodes} />, [nodes]);
  return (
    <div class="map-view">
      <div class="map-tools">
        <MapFind
          input={input}
          text={text.value}
          found={found?.size ?? 0}
          onText={(typed) => {
            text.value = typed;
            next.current = 0;
          }}
          onNext={() => {
            const ids = [...(found ?? [])];
            const id = ids[next.current++ % ids.length];
            if (id === undefined) return;
            go(id);
            input.current?.focus();
            onSelect({ node: id, to: undefined }, map);
          }}
        />
        <span class="spacer" />
        <button type="button" class="button small" aria-label="Zoom out" onClick={() => zoomBy(1 / 1.5)}>
          −
        </button>
        <button type="button" class="button small" aria-label="Zoom in" onClick={() => zoomBy(1.5)}>
          +
        </button>
        <button type="button" class="button small" disabled={isWhole.value} onClick={() => show(undefined)}>
          Whole map
        </button>
      </div>
      <section class="map-canvas" aria-label="Service map" ref={box}>
        <svg
          class={`${lit === undefined && found === undefined ? '' : 'lit'} ${isMoving.value && nodes.length > MANY_NODES ? 'moving' : ''}`}
          onPointerDownCapture={({ clientX, clientY }) => (pressedAt.current = { x: clientX, y: clientY })}
          onPointerMoveCapture={({ clientX, clientY }) => {
            const at = pressedAt.current;
            if (at !== undefined && (at.x !== clientX || at.y !== clientY)) pressedAt.current = undefined;
          }}
          {...handlers.pointer}
        >
          {content !== null && (
            <Moved view={view} drawnAt={isMoving.value && nodes.length > MANY_NODES ? rested : view}>
              {content}
            </Moved>
          )}
        </svg>
        {looked !== undefined && (
          <Card part={looked} minutes={minutes} all={all} view={view} width={size.value?.width ?? 0} />
        )}
        {placed.value === undefined && <p class="empty faint laying">Laying out {plural(nodes.length, 'service')} …</p>}
      </section>
      <p class="note faint">
        {key}
        <span>
          {[
            `${about}; a time under a name is the median`,
            drawn.length < edges.length
              ? `the busiest ${count(drawn.length)} of ${count(edges.length)} calls, and all calls of the selected service`
              : '',
            silent > 0
              ? `names of ${count(all.size - silent)} of ${count(all.size)} services: point at one, zoom, or press f`
              : '',
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </p>
    </div>
  );
}

/**
 * The map at a view. While it is `drawnAt` another view, its rendering is moved and scaled by CSS without a repaint. A
 * new view changes one attribute, and no other element is compared.
 */
function Moved({
  view,
  drawnAt,
  children,
}: Readonly<Record<'view' | 'drawnAt', ReadonlySignal<View | undefined>>> & { children: ComponentChildren }) {
  const content = useRef<SVGGElement>(null);
  const { x, y, scale } = view.value ?? WHOLE;
  const drawn = drawnAt.value ?? WHOLE;
  const by = scale / drawn.scale;
  const transform = view === drawnAt ? '' : `translate(${x - drawn.x * by}px, ${y - drawn.y * by}px) scale(${by})`;
  useLayoutEffect(() => {
    const svg = content.current?.ownerSVGElement;
    if (svg !== null && svg !== undefined) svg.style.transform = transform;
  }, [transform]);
  return (
    <g ref={content} transform={`translate(${drawn.x} ${drawn.y}) scale(${drawn.scale})`}>
      {children}
    </g>
  );
}

/** Lays out the map only if its nodes or edges have changed. Until the new layout is ready, the previous map stays. */
function useLayout(latest: ServiceMap) {
  const { nodes, edges } = latest;
  const shape = useMemo(
    () => JSON.stringify([nodes.map(({ id, name }) => [id, name]), edges.map(({ key }) => key)]),
    [nodes, edges],
  );
  const placed = useSignal<{ readonly shape: string; readonly layout: Layout } | undefined>(undefined);
  const former = useRef(latest);
  const place = useLatest(async () =>
    layout({
      nodes: nodes.map(({ id, radius }) => ({
        id,
        width: Math.max(TEXT_WIDTH, radius * 2),
        height: radius * 2 + TEXT_HEIGHT,
      })),
      edges: edges.toSorted((a, b) => b.width - a.width).map(({ from, to }) => ({ from: from.id, to: to.id })),
    }),
  );
  useEffect(() => {
    let isStale = false;
    void place().then((next) => {
      if (!isStale) placed.value = { shape, layout: next };
    });
    return () => (isStale = true);
  }, [place, shape, placed]);
  const isPlaced = placed.value === undefined || placed.value.shape === shape;
  const map = isPlaced ? latest : former.current;
  useLayoutEffect(() => {
    former.current = map;
  });
  return { map, placed };
}

/** The nearest node in a direction; deviation to the side counts double. */
function neighbourOf(id: number | undefined, frame: Frame | undefined, dx: number, dy: number): number | undefined {
  const here = id === undefined ? undefined : frame?.places.get(id);
  if (here === undefined) return undefined;
  let best: { id: number; distance: number } | undefined;
  for (const [other, { x, y }] of frame?.places ?? []) {
    const ahead = (x - here.x) * dx + (y - here.y) * dy;
    const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
    const distance = ahead + 2 * aside;
    if (other !== id && ahead > 1 && (best === undefined || distance < best.distance)) best = { id: other, distance };
  }
  return best?.id;
}
