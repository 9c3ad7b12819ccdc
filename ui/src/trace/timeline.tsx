import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { context2d, themeColours, whenResized, whenThemeChanges } from '../canvas.ts';
import { Handle } from '../handle.tsx';
import { settings } from '../settings.ts';
import { Breadcrumb } from './breadcrumb.tsx';
import { fittingNames } from './draw-names.ts';
import { drawRuler, drawTimeline, timeAt } from './draw-timeline.ts';
import type { TimelineScene } from './timeline-scene.ts';
import { FindBar } from './find-bar.tsx';
import { Minimap } from './minimap.tsx';
import { titleOf } from './row-text.ts';
import type { TimelineRow } from './rows.ts';
import { indentOf, layoutOf, RULER_HEIGHT, TWISTY, type TimelineLayout } from './timeline-layout.ts';
import { keepPlace, scrollTo } from './timeline-scroll.ts';
import { Tree } from './timeline-tree.tsx';
import type { TraceState } from './trace-state.ts';
import type { ViewProps } from './view.ts';
import { NAMES, setWidth, widths } from './widths.ts';

const CLICK_PX = 4;
/** The tree for screen readers follows when the scroll has come to rest. */
const SETTLE_MS = 120;
const TOP_MS = 100;

/** Segments, subsegments and calls over time, and what finds them. */
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
  const hovered = useRef(-1);
  const pointer = useRef<number | undefined>(undefined);
  const pointerTime = useRef<HTMLDivElement>(null);
  const frame = useRef(0);
  const telling = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isPainted = useRef(false);
  const size = useSignal({ width: 0, height: 0 });
  const topRow = useSignal(0);
  const settled = useSignal(0);
  const brush = useSignal<{ left: number; width: number } | undefined>(undefined);
  const press = useRef<{ x: number; y: number } | undefined>(undefined);
  const rows = state.rows.value;
  const { width, height } = size.value;
  const chosen = widths.value.names;
  const layoutNow = () => layoutOf(state.rows.peek(), { ...size.peek(), top: box.current?.scrollTop ?? 0, names: chosen });
  const { rowHeight, names } = layoutNow();
  const bars = Math.max(1, width - names);

  /** What is written above the names follows a scroll a few times a second: text is what takes time. */
  const tellTop = (): void => {
    const tell = (): void => {
      telling.current = undefined;
      topRow.value = Math.floor((box.current?.scrollTop ?? 0) / rowHeight);
    };
    if (isPainted.current) telling.current ??= setTimeout(tell, TOP_MS);
    else tell();
  };
  const draw = (): void => {
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
    showPointerTime(pointerTime.current!, layout, scene);
    if (isPainted.current) return;
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
  void [
    state.zoom.axis.value,
    state.zoom.window.value,
    state.path.value,
    state.selected.value,
    state.selectedFold.value,
    state.matches.value,
    settings.value,
  ];
  useLayoutEffect(schedule);
  useLayoutEffect(() => {
    const element = box.current!;
    const measure = (): void => {
      const { clientWidth, clientHeight } = element;
      const before = size.peek();
      if (clientWidth !== before.width || clientHeight !== before.height) size.value = { width: clientWidth, height: clientHeight };
    };
    measure();
    const stopWatching = whenResized(element, measure);
    const stopFollowing = whenThemeChanges(schedule);
    return () => {
      stopWatching();
      stopFollowing();
      cancelAnimationFrame(frame.current);
      clearTimeout(telling.current);
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
    const index = state.rows.peek().findIndex((row) => state.isSelected(row));
    scrollTo(box.current!, index, rowHeight);
  }, [state.selected.value?.id, state.selectedFold.value?.key, rowHeight, height]);

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
    const { from, to } = state.zoom.window.peek();
    if (isZoom) state.zoom.by(Math.exp(event.deltaY / 300), from + ((xIn(event) - names) / bars) * (to - from));
    else state.zoom.pan((across / bars) * (to - from));
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
      const { from, to } = state.zoom.window.peek();
      const at = (px: number): number => from + (px / bars) * (to - from);
      state.zoom.to({ from: at(was.left), to: at(was.left + was.width) });
      return;
    }
    const row = rows[rowAt(event)];
    if (row !== undefined) clicked(state, row, xIn(event) < indentOf(row.depth, layoutNow()) + TWISTY + 4);
  };
  const onMove = (event: PointerEvent): void => {
    const start = press.current;
    const x = xIn(event);
    pointer.current = x >= names ? x - names : undefined;
    schedule();
    if (start !== undefined && start.x > names && Math.abs(x - start.x) > CLICK_PX) {
      const [left, right] = [Math.max(0, Math.min(start.x, x) - names), Math.max(start.x, x) - names];
      brush.value = { left, width: right - left };
      return;
    }
    const index = rowAt(event);
    if (index === hovered.current) return;
    hovered.current = index;
    canvas.current!.title = rows[index] === undefined ? '' : titleOf(rows[index]);
  };
  // Not again for every step of a zoom.
  const top = settled.value;
  const tree = useMemo(
    () => <Tree state={state} rows={rows} top={top} height={height} rowHeight={rowHeight} onClick={(row) => clicked(state, row, false)} />,
    [state, rows, top, height, rowHeight],
  );
  const fit = (): void => setWidth('names', Math.min(NAMES.max, fittingNames(canvas.current!, layoutNow(), state.rows.peek(), themeColours())));
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
        onScroll={() => {
          if (box.current!.scrollTop > 0) state.zoom.isTouched = true;
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
              pointer.current = undefined;
              schedule();
            }}
            onDblClick={(event) => {
              const row = rows[rowAt(event)];
              if (row !== undefined) state.zoom.toSpans(row.fold?.spans ?? [row.call ?? row.span]);
            }}
          />
          {brush.value !== undefined && <div class="brush tall" style={{ left: `${names + brush.value.left}px`, width: `${brush.value.width}px` }} />}
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

/** The time under the pointer, on the ruler. */
function showPointerTime(box: HTMLElement, { width, names }: TimelineLayout, { pointer, axis, window }: TimelineScene): void {
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
