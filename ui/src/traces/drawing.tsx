import { useEffect, useRef } from 'preact/hooks';
import { whenResized, whenThemeChanges } from '../canvas.ts';
import { useLatest } from '../hooks.ts';
import { list } from '../live.ts';
import { param } from '../route.ts';
import { settings } from '../settings.ts';
import { chartData, type ChartData } from './chart-data.ts';

/** px; of each chart. */
export const HEIGHT = 124;
export const PAD = { top: 12, bottom: 18, left: 62, right: 14 };
/** Minimum interval between redraws of a chart. */
const DRAW_MS = 250;

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The range marked by a drag over a chart. */
export function Brush({ rect: { left, top, right, bottom } }: { rect: Rect }) {
  return (
    <div
      class="brush"
      style={{ left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` }}
    />
  );
}

/** Calls `draw` when the rows, the theme or the size change, but not too often. */
export function useDrawing(draw: (canvas: HTMLCanvasElement, data: ChartData) => void) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawNow = useLatest((): void => {
    if (canvas.current !== null) draw(canvas.current, chartData());
  });
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  const lastMs = useRef(-Infinity);
  const schedule = useLatest((): void => {
    if (due.current !== undefined) return;
    due.current = setTimeout(
      () => {
        due.current = undefined;
        lastMs.current = performance.now();
        drawNow();
      },
      Math.max(0, lastMs.current + DRAW_MS - performance.now()),
    );
  });
  // If the page does not hold all traces, the chart follows the store's overview.
  void (list.overview.value ?? list.version.value);
  void settings.value;
  void param('chart');
  useEffect(schedule);
  useEffect(() => {
    if (canvas.current === null) return undefined;
    const stopWatching = whenResized(canvas.current, schedule);
    const stopFollowing = whenThemeChanges(schedule);
    return () => {
      stopWatching();
      stopFollowing();
      clearTimeout(due.current);
    };
  }, [schedule]);
  return canvas;
}
