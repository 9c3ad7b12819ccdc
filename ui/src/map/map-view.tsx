import { useComputed, useSignal, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { whenResized } from '../canvas.ts';
import { count, plural } from '../format.ts';
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
/** Of so many the names go while the map is moved: text is what takes time (33 frames a second for 270 services with it, 58 without). */
const MANY_NODES = 100;
/** As many calls as can be told apart, and moved smoothly; those of the selected service are drawn anyway. */
const MAX_EDGES = 500;

export interface MapViewProps {
  readonly map: ServiceMap;
  /** Minutes that the numbers are of, for requests a minute; undefined for plain counts. */
  readonly minutes: number | undefined;
  /** What the numbers are, and of when: "Requests a minute, 17:05:00 to 17:20:00". */
  readonly about: string;
  readonly selected: MapSelection | undefined;
  readonly onSelect: (selection: MapSelection | undefined) => void;
}

/** Services and who calls whom, left to right. */
export function MapView({ map: latest, minutes, about, selected, onSelect }: MapViewProps) {
  const { map, placed } = useLayout(latest);
  const { nodes, edges } = map;
  const box = useRef<SVGSVGElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const size = useSignal<{ width: number; height: number } | undefined>(undefined);
  const frame = useComputed<Frame | undefined>(() =>
    placed.value === undefined || size.value === undefined ? undefined : frameOf(placed.value, size.value),
  );
  const { view, rested, isMoving, show, handlers } = usePanning(box, () => (frame.peek() === undefined ? 2 : maxScale(frame.peek()!)));
  const resting = useComputed(() => rested.value?.scale ?? 1);
  /** Pointed at; and reached by keys. */
  const pointed = useSignal<Part | undefined>(undefined);
  const focused = useSignal<Part | undefined>(undefined);
  const stop = useSignal<number | undefined>(undefined);
  const text = useSignal('');
  const found = text.value === '' ? undefined : new Set(nodes.filter(({ name }) => isNamed(name, text.value)).map(({ id }) => id));
  useLayoutEffect(
    () =>
      whenResized(box.current!, () => {
        const { clientWidth, clientHeight } = box.current!;
        size.value = { width: clientWidth, height: clientHeight };
      }),
    [],
  );
  const go = (id: number): void => {
    stop.value = id;
    const place = frame.peek()?.places.get(id);
    const { width, height } = size.peek() ?? { width: 0, height: 0 };
    const now = view.peek() ?? WHOLE;
    if (place === undefined) return;
    const [x, y] = [now.x + place.x * now.scale, now.y + place.y * now.scale];
    if (x < 0 || y < 0 || x > width || y > height) show({ ...now, x: width / 2 - place.x * now.scale, y: height / 2 - place.y * now.scale });
    // Not drawn as the tab's stop yet; it can have the focus all the same.
    box.current?.querySelector<SVGGElement>(`[data-node="${id}"]`)?.focus();
  };
  const current = nodes.some(({ id }) => id === stop.value) ? stop.value : nodes[0]?.id;
  const keys = useRef({ move: (_x: number, _y: number): void => {}, zoom: (_by: number): void => {} });
  keys.current = {
    move: (x, y) => {
      const next = neighbourOf(current, frame.peek(), x, y);
      if (next !== undefined) go(next);
    },
    zoom: (by) => handlers.zoomBy(by),
  };
  useLayoutEffect(
    () =>
      addKeys('Map', [
        { keys: ['f'], does: 'find a service', run: () => input.current?.focus() },
        { keys: ['ArrowRight'], does: 'service to the right; Tab: to its calls', run: () => keys.current.move(1, 0) },
        { keys: ['ArrowLeft'], does: 'service to the left', run: () => keys.current.move(-1, 0) },
        { keys: ['ArrowDown'], does: 'service below', run: () => keys.current.move(0, 1) },
        { keys: ['ArrowUp'], does: 'service above', run: () => keys.current.move(0, -1) },
        { keys: ['+', '='], does: 'zoom in', run: () => keys.current.zoom(1.5) },
        { keys: ['-'], does: 'zoom out', run: () => keys.current.zoom(1 / 1.5) },
        { keys: ['0'], does: 'whole map', run: () => show(undefined) },
      ]),
    [],
  );
  const press = (part: Part): void => {
    const next = 'node' in part ? { node: part.node.id, to: undefined } : { node: part.edge.from.id, to: part.edge.to.id };
    onSelect(next.node === selected?.node && next.to === selected.to ? undefined : next);
  };
  /** Where the pointer was pressed, until it moves: what comes under it since then was not pointed at. */
  const pressedAt = useRef<{ x: number; y: number } | undefined>(undefined);
  const look = (part: Part | undefined, isFocus: boolean): void => {
    if (!isFocus && part !== undefined && pressedAt.current !== undefined) return;
    (isFocus ? focused : pointed).value = part;
    if (isFocus && part !== undefined && 'node' in part) stop.value = part.node.id;
  };
  const looked = pointed.value ?? focused.value;
  const lit = looked !== undefined && 'node' in looked ? looked.node.id : selected?.node;
  const drawn = useMemo(() => edges.toSorted((a, b) => b.width - a.width).slice(0, MAX_EDGES), [edges]);
  const all = usePlacedNodes(nodes, frame.value, resting.value, minutes, selected?.node);
  // The same elements for another view: moving the map touches one attribute.
  const content = useMemo(() => {
    if (all.size === 0) return null;
    const neighbours = new Set(
      found ?? (lit === undefined ? [] : [lit, ...edges.flatMap(({ from, to }) => (from.id === lit ? [to.id] : to.id === lit ? [from.id] : []))]),
    );
    const isOf = ({ from, to }: MapEdge, id: number | undefined): boolean => id !== undefined && (from.id === id || to.id === id);
    const shown = new Set([...drawn, ...edges.filter((edge) => isOf(edge, lit) || isOf(edge, current))]);
    const props = { minutes, unit: 1 / resting.value, onPress: press, onLook: look };
    const line = (edge: MapEdge) => (
      <Edge
        key={edge.key}
        {...props}
        edge={edge}
        source={all.get(edge.from.id)!}
        target={all.get(edge.to.id)!}
        isLit={found === undefined && isOf(edge, lit)}
        isSelected={selected?.node === edge.from.id && selected.to === edge.to.id}
        isStop={edge.from.id === current}
      />
    );
    const [own, others] = [[...shown].filter(({ from }) => from.id === current), [...shown].filter(({ from }) => from.id !== current)];
    return (
      <>
        {others.map(line)}
        {nodes.map((node) => (
          <Node
            key={node.id}
            {...props}
            placed={all.get(node.id)!}
            isLit={neighbours.has(node.id)}
            isSelected={selected?.node === node.id && selected.to === undefined}
            isStop={node.id === current}
          />
        ))}
        {/* After its node: Tab goes from a service to its calls. */}
        {own.map(line)}
      </>
    );
  }, [map, minutes, all, lit, current, text.value, selected?.node, selected?.to]);
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
            if (ids.length === 0) return;
            const id = ids[next.current++ % ids.length]!;
            go(id);
            input.current?.focus();
            onSelect({ node: id, to: undefined });
          }}
        />
        <span class="spacer" />
        <button type="button" class="button small" aria-label="Zoom out" onClick={() => handlers.zoomBy(1 / 1.5)}>
          −
        </button>
        <button type="button" class="button small" aria-label="Zoom in" onClick={() => handlers.zoomBy(1.5)}>
          +
        </button>
        <button type="button" class="button small" disabled={isWhole.value} onClick={() => show(undefined)}>
          Whole map
        </button>
      </div>
      <div class="map-canvas">
        <svg
          ref={box}
          role="group"
          aria-label="Service map"
          class={`${lit === undefined && found === undefined ? '' : 'lit'} ${isMoving.value && nodes.length > MANY_NODES ? 'moving' : ''}`}
          onPointerDownCapture={({ clientX, clientY }) => (pressedAt.current = { x: clientX, y: clientY })}
          onPointerMoveCapture={({ clientX, clientY }) => {
            const at = pressedAt.current;
            if (at !== undefined && (at.x !== clientX || at.y !== clientY)) pressedAt.current = undefined;
          }}
          {...handlers.pointer(() => onSelect(undefined))}
        >
          {content !== null && (
            <Moved view={view} drawnAt={isMoving.value && nodes.length > MANY_NODES ? rested : view}>
              {content}
            </Moved>
          )}
        </svg>
        {looked !== undefined && <Card part={looked} minutes={minutes} all={all} view={view} width={size.value?.width ?? 0} />}
        {placed.value === undefined && <p class="empty faint laying">Laying out {plural(nodes.length, 'service')} …</p>}
      </div>
      <p class="note faint">
        {key}
        <span>
          {[
            `${about}; a time under a name is the median`,
            drawn.length < edges.length
              ? `the busiest ${count(drawn.length)} of ${count(edges.length)} calls; a selected service has all of its own`
              : '',
            silent > 0 ? `names of ${count(all.size - silent)} of ${count(all.size)} services: point at one, zoom, or press f` : '',
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      </p>
    </div>
  );
}

/**
 * The map at a view. While it is `drawnAt` another, its picture is moved and scaled: nothing is painted. Another view is another attribute, and
 * nothing else is compared with what was there.
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
  useLayoutEffect(() => {
    const { style } = content.current!.ownerSVGElement!;
    style.transform = view === drawnAt ? '' : `translate(${x - drawn.x * by}px, ${y - drawn.y * by}px) scale(${by})`;
  }, [x, y, by, drawn, view === drawnAt]);
  return (
    <g ref={content} transform={`translate(${drawn.x} ${drawn.y}) scale(${drawn.scale})`}>
      {children}
    </g>
  );
}

/** Only another shape is laid out anew: numbers change in place. Until it is, the former map stays. */
function useLayout(latest: ServiceMap) {
  const { nodes, edges } = latest;
  const placed = useSignal<Layout | undefined>(undefined);
  const drawn = useRef<{ readonly shape: string; map: ServiceMap }>(undefined);
  const shape = useMemo(() => JSON.stringify([nodes.map(({ id, name }) => [id, name]), edges.map(({ key }) => key)]), [nodes, edges]);
  useEffect(() => {
    let isStale = false;
    void (async () => {
      const next = await layout({
        nodes: nodes.map(({ id, radius }) => ({ id, width: Math.max(TEXT_WIDTH, radius * 2), height: radius * 2 + TEXT_HEIGHT })),
        edges: edges.toSorted((a, b) => b.width - a.width).map(({ from, to }) => ({ from: from.id, to: to.id })),
      });
      if (isStale) return;
      drawn.current = { shape, map: latest };
      placed.value = next;
    })();
    return () => (isStale = true);
  }, [shape]);
  if (drawn.current?.shape === shape) drawn.current.map = latest;
  return { map: drawn.current?.map ?? latest, placed };
}

/** The nearest in a direction; what is straight ahead before what is aside. */
function neighbourOf(id: number | undefined, frame: Frame | undefined, dx: number, dy: number): number | undefined {
  const here = id === undefined ? undefined : frame?.places.get(id);
  if (here === undefined) return undefined;
  let best: { id: number; distance: number } | undefined;
  for (const [other, { x, y }] of frame!.places) {
    const ahead = (x - here.x) * dx + (y - here.y) * dy;
    const aside = Math.abs((x - here.x) * dy) + Math.abs((y - here.y) * dx);
    const distance = ahead + 2 * aside;
    if (other !== id && ahead > 1 && (best === undefined || distance < best.distance)) best = { id: other, distance };
  }
  return best?.id;
}
