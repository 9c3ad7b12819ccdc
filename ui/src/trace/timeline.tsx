import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { context2d, themeColours, whenThemeChanges } from '../canvas.ts';
import { ordered, useDrag } from '../drag.ts';
import { Handle } from '../handle.tsx';
import { useDebounced, useLatest, useSize, type Size } from '../hooks.ts';
import { useWheel } from '../use-wheel.ts';
import { settings } from '../settings.ts';
import { Breadcrumb } from './breadcrumb.tsx';
import { fittingNames } from './draw-names.ts';
import { drawRuler, drawTimeline, timeAt } from './draw-timeline.ts';
import type { TimelineScene } from './timeline-scene.ts';
import { FindBar } from './find-bar.tsx';
import { Minimap } from './minimap.tsx';
import { titleOf } from './row-text.ts';
import type { TimelineRow } from './rows.ts';
import { columnsOf, indentOf, layoutOf, RULER_HEIGHT, TWISTY, type TimelineLayout } from './timeline-layout.ts';
import { keepPlace, scrollTo } from './timeline-scroll.ts';
import { Tree } from './timeline-tree.tsx';
import type { TraceState } from './trace-state.ts';
import type { ViewProps } from './view.ts';
import { NAMES, setWidth, widths } from './widths.ts';

/** A shorter drag over the bars does not zoom, px. */
const MIN_BRUSH = 4;
/** The tree for screen readers is updated once scrolling has stopped for this time. */
const SETTLE_MS = 120;
const TOP_MS = 100;
const NO_SIZE: Size = { width: 0, height: 0 };

/** Segments, subsegments and calls over time, with the find bar. */
export function TimelineView({ state }: Pick<ViewProps, 'state'>) {
  return (
    <>
      <FindBar state={state} />
      <Timeline state={state} />
    </>
  );
}

function Timeline({ state }: { state: TraceState }) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ruler = useRef<HTMLCanvasElement>(null);
  const pointerTime = useRef<HTMLDivElement>(null);
  const hovered = useRef(-1);
  const pointer = useRef<number | undefined>(undefined);
  const frame = useRef(0);
  const telling = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isPainted = useRef(false);
  const size = useSize(box, { isUrgent: true });
  const topRow = useSignal(0);
  const settled = useSignal(0);
  const brush = useSignal<{ left: number; width: number } | undefined>(undefined);
  const rows = state.rows.value;
  const { width, height } = size.value ?? NO_SIZE;
  const chosen = widths.value.names;
  const { rowHeight, names } = columnsOf(width, chosen);
  const bars = Math.max(1, width - names);
  const layoutNow = () =>
    layoutOf(state.rows.peek(), { ...(size.peek() ?? NO_SIZE), top: box.current?.scrollTop ?? 0, names: chosen });

  /** The breadcrumb follows a scroll a few times per second only: rendering text is expensive. */
  const tellTop = (): void => {
    const tell = (): void => {
      telling.current = undefined;
      topRow.value = Math.floor((box.current?.scrollTop ?? 0) / rowHeight);
    };
    if (isPainted.current) telling.current ??= setTimeout(tell, TOP_MS);
    else tell();
  };
  const draw = useLatest((): void => {
    frame.current = 0;
    if (canvas.current === null || ruler.current === null || box.current === null || height === 0) return;
    const layout = layoutNow();
    const scene: TimelineScene = {
      rows: state.rows.peek(),
      axis: state.zoom.axis.peek(),
      window: state.zoom.window.peek(),
      path: state.path.peek(),
      isSelected: state.isSelected,
      hovered: hovered.current,
      pointer: pointer.current,
      matches: new Set(state.matches.peek()),
      colours: themeColours(),
    };
    drawTimeline(context2d(canvas.current, height).context, layout, scene);
    drawRuler(context2d(ruler.current, RULER_HEIGHT).context, layout, scene);
    tellTop();
    if (pointerTime.current !== null) showPointerTime(pointerTime.current, layout, scene);
    if (isPainted.current) return;
    isPainted.current = true;
    // The next task runs after the paint. The mark is for npm run bench -- ui.
    requestAnimationFrame(() =>
      setTimeout(() => {
        performance.mark('trace painted');
        state.isPainted.value = true;
      }),
    );
  });
  const schedule = useLatest((): void => {
    if (!isPainted.current) draw();
    else if (frame.current === 0) frame.current = requestAnimationFrame(draw);
  });
  // Subscribes to everything the canvas shows.
  void [state.zoom.axis.value, state.zoom.window.value, state.path.value, state.matches.value, settings.value];
  const selected = state.selected.value?.id ?? state.selectedFold.value?.key;
  useLayoutEffect(schedule);
  useEffect(() => whenThemeChanges(schedule), [schedule]);
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      clearTimeout(telling.current);
    },
    [],
  );
  const { later: settle } = useDebounced(() => (settled.value = box.current?.scrollTop ?? 0), SETTLE_MS);
  useEffect(settle, [settle, rows]);
  useEffect(
    () => state.whileChanging(() => (box.current === null ? () => {} : keepPlace(state, box.current, rowHeight))),
    [state, rowHeight],
  );
  useEffect(() => {
    const index = state.rows.peek().findIndex((row) => state.isSelected(row));
    if (box.current !== null) scrollTo(box.current, index, rowHeight);
  }, [state, selected, rowHeight, height]);

  const indexAt = (y: number): number => Math.floor((y + (box.current?.scrollTop ?? 0)) / rowHeight);
  const pointAt = (x: number | undefined): void => {
    pointer.current = x === undefined || x < names ? undefined : x - names;
    schedule();
  };
  const hover = (index: number): void => {
    if (index === hovered.current) return;
    hovered.current = index;
    const row = rows[index];
    if (canvas.current !== null) canvas.current.title = row === undefined ? '' : titleOf(row);
  };
  useWheel(canvas, (event) => {
    const isZoom = event.ctrlKey || event.metaKey;
    const across = event.shiftKey ? event.deltaY : event.deltaX;
    if (!isZoom && Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    const { from, to } = state.zoom.window.peek();
    if (!isZoom) return state.zoom.pan((across / bars) * (to - from));
    const x = event.clientX - (canvas.current?.getBoundingClientRect().left ?? 0);
    return state.zoom.by(Math.exp(event.deltaY / 300), from + ((x - names) / bars) * (to - from));
  });
  const handlers = useDrag({
    onHover: ({ x, y }) => {
      hover(indexAt(y));
      pointAt(x);
    },
    onDrag: ({ from, to }) => {
      pointAt(to.x);
      if (from.x <= names || Math.abs(to.x - from.x) <= MIN_BRUSH) return;
      const [left, right] = ordered(from.x - names, Math.max(0, to.x - names));
      brush.value = { left, width: right - left };
    },
    onEnd: ({ to: { x, y } }) => {
      const was = brush.peek();
      brush.value = undefined;
      if (was !== undefined && was.width > MIN_BRUSH) {
        const { from, to } = state.zoom.window.peek();
        const at = (px: number): number => from + (px / bars) * (to - from);
        state.zoom.to({ from: at(was.left), to: at(was.left + was.width) });
        return;
      }
      const row = rows[indexAt(y)];
      if (row !== undefined) clicked(state, row, x < indentOf(row.depth, layoutNow()) + TWISTY + 4);
    },
    onCancel: () => (brush.value = undefined),
  });
  // Memoized: not rendered again for every step of a zoom.
  const top = settled.value;
  const tree = useMemo(
    () => (
      <Tree
        state={state}
        rows={rows}
        top={top}
        height={height}
        rowHeight={rowHeight}
        onClick={(row) => clicked(state, row, false)}
      />
    ),
    [state, rows, top, height, rowHeight],
  );
  const fit = (): void => {
    if (canvas.current === null) return;
    setWidth(
      'names',
      Math.min(NAMES.max, fittingNames(canvas.current, layoutNow(), state.rows.peek(), themeColours())),
    );
  };
  return (
    <div class="timeline">
      <Minimap state={state} />
      <div class="ruler-row">
        <canvas class="ruler" ref={ruler} height={RULER_HEIGHT} aria-hidden="true" />
        <div class="pointer-time" ref={pointerTime} aria-hidden="true" hidden />
        {names > 0 && <Breadcrumb state={state} top={topRow} width={names} />}
      </div>
      <div
        class="timeline-rows"
        ref={box}
        onScroll={(event) => {
          if (event.currentTarget.scrollTop > 0) state.zoom.isTouched = true;
          schedule();
          settle();
        }}
      >
        <div class="timeline-all" style={{ height: `${rows.length * rowHeight}px` }}>
          <canvas
            ref={canvas}
            aria-hidden="true"
            style={{ height: `${height}px` }}
            {...handlers}
            onPointerLeave={() => {
              hover(-1);
              pointAt(undefined);
            }}
            onDblClick={({ offsetY }) => {
              const row = rows[indexAt(offsetY)];
              if (row !== undefined) state.zoom.toSpans(row.fold?.spans ?? [row.call ?? row.span]);
            }}
          />
          {brush.value !== undefined && (
            <div
              class="brush tall"
              style={{ left: `${names + brush.value.left}px`, width: `${brush.value.width}px` }}
            />
          )}
          {tree}
        </div>
      </div>
      {names > 0 && (
        <Handle
          label="Width of the names"
          value={names}
          min={NAMES.min}
          max={NAMES.max}
          side="left"
          at={names}
          onChange={(px) => setWidth('names', px)}
          onFit={fit}
        />
      )}
    </div>
  );
}

/** Shows the time under the pointer on the ruler. */
function showPointerTime(
  box: HTMLElement,
  { width, names }: TimelineLayout,
  { pointer, axis, window }: TimelineScene,
): void {
  if (box.hidden !== (pointer === undefined)) box.hidden = pointer === undefined;
  if (pointer === undefined) return;
  const bars = Math.max(1, width - names);
  box.textContent = timeAt(pointer / bars, axis, window);
  const half = box.offsetWidth / 2;
  box.style.left = `${names + Math.max(half, Math.min(bars - half, pointer))}px`;
}

function clicked(state: TraceState, row: TimelineRow, isTwisty: boolean): void {
  state.zoom.isTouched = true;
  if (isTwisty && row.hasChildren) state.toggle(row.fold?.key ?? row.span.id, row.fold !== undefined);
  else state.select(row.fold ?? row.span);
}
