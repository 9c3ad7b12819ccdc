import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { context2d, themeColours, whenResized } from '../canvas.ts';
import { duration } from '../format.ts';
import { settings } from '../settings.ts';
import { drawRuler, drawTimeline, indentOf, labelOf, RULER_HEIGHT, type TimelineLayout, type TimelineScene } from './draw-timeline.ts';
import { Minimap } from './minimap.tsx';
import type { TimelineRow } from './rows.ts';
import type { TraceState } from './trace-state.ts';

const ROW_HEIGHT = 26;
/** With the name above the bar. */
const TALL_ROW_HEIGHT = 40;
const NARROW = 560;
const NAMES = 330;
const CLICK_PX = 4;
/** The tree for screen readers follows when the scroll has come to rest. */
const SETTLE_MS = 120;

/** Segments, subsegments and inferred calls over time. */
export function Timeline({ state }: { state: TraceState }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ruler = useRef<HTMLCanvasElement>(null);
  const hovered = useRef(-1);
  const frame = useRef(0);
  const isPainted = useRef(false);
  const size = useSignal({ width: 0, height: 0 });
  const settled = useSignal(0);
  const brush = useSignal<{ left: number; width: number } | undefined>(undefined);
  const press = useRef<{ x: number; y: number } | undefined>(undefined);
  const rows = state.rows.value;
  const { width, height } = size.value;
  const isNarrow = width < NARROW;
  const rowHeight = isNarrow ? TALL_ROW_HEIGHT : ROW_HEIGHT;
  const names = isNarrow ? 0 : Math.min(NAMES, Math.round(width * 0.42));
  const bars = Math.max(1, width - names);

  const draw = (): void => {
    frame.current = 0;
    if (canvas.current === null || ruler.current === null || box.current === null) return;
    const layout: TimelineLayout = { width, height, names, rowHeight, top: box.current.scrollTop };
    const scene: TimelineScene = {
      rows: state.rows.peek(),
      axis: state.axis.peek(),
      window: state.window.peek(),
      path: state.path.peek(),
      selectedId: state.selected.peek()?.id,
      hovered: hovered.current,
      matches: new Set(state.matches.peek()),
      colours: themeColours(),
    };
    drawTimeline(context2d(canvas.current, height).context, layout, scene);
    drawRuler(context2d(ruler.current, RULER_HEIGHT).context, layout, scene);
    if (isPainted.current || height === 0) return;
    isPainted.current = true;
    // The next task comes after the paint. The mark is for npm run bench -- ui.
    requestAnimationFrame(() =>
      setTimeout(() => {
        performance.mark('trace painted');
        state.isPainted.value = true;
      }),
    );
  };
  const latest = useRef(draw);
  latest.current = draw;
  const schedule = (): void => {
    if (!isPainted.current) draw();
    // A frame that was asked for before a change draws what is there then.
    else if (frame.current === 0) frame.current = requestAnimationFrame(() => latest.current());
  };
  // Whatever the picture shows.
  void [state.axis.value, state.window.value, state.path.value, state.selected.value, state.matches.value, settings.value];
  useLayoutEffect(schedule);
  useLayoutEffect(() => {
    const element = box.current!;
    size.value = { width: element.clientWidth, height: element.clientHeight };
    const stopWatching = whenResized(element, () => (size.value = { width: element.clientWidth, height: element.clientHeight }));
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', schedule);
    return () => {
      stopWatching();
      dark.removeEventListener('change', schedule);
      cancelAnimationFrame(frame.current);
    };
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => (settled.value = box.current?.scrollTop ?? 0), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [rows]);
  useEffect(() => {
    state.beforeChange = () => keepPlace(state, box.current!, rowHeight);
    return () => (state.beforeChange = () => () => {});
  }, [rowHeight]);
  useEffect(() => {
    const span = state.selected.value;
    if (span !== undefined)
      scrollTo(
        box.current!,
        state.rows.peek().findIndex((row) => row.span === span),
        rowHeight,
      );
  }, [state.selected.value?.id, rowHeight, height === 0]);

  const rowAt = (event: MouseEvent): number => {
    const top = canvas.current!.getBoundingClientRect().top;
    const index = Math.floor((event.clientY - top + box.current!.scrollTop) / rowHeight);
    return index < rows.length ? index : -1;
  };
  const xIn = (event: MouseEvent): number => event.clientX - canvas.current!.getBoundingClientRect().left;
  const onWheel = (event: WheelEvent): void => {
    const isZoom = event.ctrlKey || event.metaKey;
    const across = event.shiftKey ? event.deltaY : event.deltaX;
    if (!isZoom && Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    const { from, to } = state.window.peek();
    if (isZoom) state.zoomBy(Math.exp(event.deltaY / 300), from + ((xIn(event) - names) / bars) * (to - from));
    else state.pan((across / bars) * (to - from));
  };
  useEffect(() => {
    const element = canvas.current!;
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  const onUp = (event: PointerEvent): void => {
    const start = press.current;
    press.current = undefined;
    const was = brush.peek();
    brush.value = undefined;
    if (start === undefined) return;
    if (was !== undefined && was.width > CLICK_PX) {
      const { from, to } = state.window.peek();
      const at = (px: number): number => from + (px / bars) * (to - from);
      state.zoomTo({ from: at(was.left), to: at(was.left + was.width) });
      return;
    }
    const row = rows[rowAt(event)];
    if (row !== undefined) clicked(state, row, xIn(event) < indentOf(row.depth, isNarrow ? width : names) + 18);
  };
  const onMove = (event: PointerEvent): void => {
    const start = press.current;
    const x = xIn(event);
    if (start !== undefined && start.x > names && Math.abs(x - start.x) > CLICK_PX) {
      const [left, right] = [Math.max(0, Math.min(start.x, x) - names), Math.max(start.x, x) - names];
      brush.value = { left, width: right - left };
      return;
    }
    const index = rowAt(event);
    if (index === hovered.current) return;
    hovered.current = index;
    canvas.current!.title = rows[index] === undefined ? '' : titleOf(rows[index]);
    schedule();
  };
  return (
    <div class="timeline">
      <Minimap state={state} />
      <canvas class="ruler" ref={ruler} height={RULER_HEIGHT} aria-hidden="true" />
      <div
        class="timeline-rows"
        ref={box}
        onScroll={() => {
          if (box.current!.scrollTop > 0) state.isTouched = true;
          schedule();
          clearTimeout(Number(box.current!.dataset['settle']));
          box.current!.dataset['settle'] = String(setTimeout(() => (settled.value = box.current?.scrollTop ?? 0), SETTLE_MS));
        }}
      >
        <div class="timeline-all" style={{ height: `${rows.length * rowHeight}px` }}>
          <canvas
            ref={canvas}
            aria-hidden="true"
            style={{ height: `${height}px` }}
            onPointerDown={(event) => {
              if (event.button !== 0) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              press.current = { x: xIn(event), y: event.clientY };
            }}
            onPointerMove={onMove}
            onPointerUp={onUp}
            onPointerLeave={() => {
              hovered.current = -1;
              schedule();
            }}
            onDblClick={(event) => {
              const row = rows[rowAt(event)];
              if (row !== undefined) state.zoomToSpan(row.span);
            }}
          />
          {brush.value !== undefined && <div class="brush tall" style={{ left: `${names + brush.value.left}px`, width: `${brush.value.width}px` }} />}
          <Tree state={state} rows={rows} top={settled.value} height={height} rowHeight={rowHeight} />
        </div>
      </div>
    </div>
  );
}

/** The rows that are seen, for screen readers and for the keyboard. The canvas beneath is their picture. */
function Tree({
  state,
  rows,
  top,
  height,
  rowHeight,
}: {
  state: TraceState;
  rows: readonly TimelineRow[];
  top: number;
  height: number;
  rowHeight: number;
}) {
  const first = Math.max(0, Math.floor(top / rowHeight) - 2);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + 2);
  const selected = state.selected.value;
  const isThere = selected !== undefined && rows.slice(first, last).some(({ span }) => span === selected);
  return (
    <div class="tree" role="tree" aria-label="Spans" tabIndex={0} aria-activedescendant={isThere ? `span-${selected.id}` : undefined}>
      {rows.slice(first, last).map((row, i) => (
        <div
          key={row.fold === undefined ? row.span.id : row.fold.key}
          id={`span-${row.span.id}${row.fold === undefined ? '' : '-fold'}`}
          role="treeitem"
          aria-level={row.depth + 1}
          aria-posinset={first + i + 1}
          aria-setsize={rows.length}
          aria-selected={row.span === selected}
          aria-expanded={row.hasChildren ? row.isOpen : undefined}
          style={{ top: `${(first + i) * rowHeight}px` }}
          onClick={() => clicked(state, row, false)}
        >
          {titleOf(row)}
        </div>
      ))}
    </div>
  );
}

function titleOf(row: TimelineRow): string {
  const { span, fold } = row;
  const label = labelOf(row);
  const length = duration(fold === undefined ? span.end - span.start : fold.seconds);
  return [span.name, span.detail, span.outcome === 'ok' ? '' : span.outcome, length, label].filter((text) => text !== '').join(', ');
}

function clicked(state: TraceState, row: TimelineRow, isTwisty: boolean): void {
  state.isTouched = true;
  if (row.fold !== undefined) state.toggle(row.fold.key, true);
  else if (isTwisty && row.hasChildren) state.toggle(row.span.id, false);
  else state.select(row.span);
}

/** Scrolls as little as shows the row. */
function scrollTo(box: HTMLElement, index: number, rowHeight: number): void {
  if (index < 0 || box.clientHeight === 0) return;
  const y = index * rowHeight;
  if (y < box.scrollTop) box.scrollTop = Math.max(0, y - rowHeight);
  else if (y + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = y + 2 * rowHeight - box.clientHeight;
}

/** What stands at the top stays at the top, although rows above it have come. */
function keepPlace(state: TraceState, box: HTMLElement, rowHeight: number): () => void {
  const before = state.rows.peek();
  const top = Math.floor(box.scrollTop / rowHeight);
  if (box.scrollTop === 0) return () => {};
  const ids = before.slice(top, top + 20).map(({ span }) => span.id);
  return () => {
    const after = new Map(state.rows.peek().map(({ span }, i) => [span.id, i]));
    for (const [i, id] of ids.entries()) {
      const index = after.get(id);
      if (index === undefined) continue;
      const moved = index - (top + i);
      // The height of the content changes with the next paint.
      if (moved !== 0) requestAnimationFrame(() => (box.scrollTop += moved * rowHeight));
      return;
    }
  };
}
