import { lengthOf } from '../../../src/api/page-types.ts';
import type { ShownTimes } from '../../../src/trace/shown-times.ts';
import { tick } from '../format.ts';
import { OUTCOMES, severityOf } from '../outcomes.ts';
import type { ChartPoint } from './chart-data.ts';

export interface ChartScale {
  readonly x: (time: number) => number;
  readonly y: (seconds: number) => number;
  readonly timeAt: (x: number) => number;
  readonly durationAt: (y: number) => number;
  readonly durationTicks: readonly { readonly seconds: number; readonly y: number }[];
  readonly timeTicks: readonly { readonly time: number; readonly x: number }[];
}

export interface ChartSize {
  readonly times: Pick<ShownTimes, 'from' | 'to'>;
  /** Current time, for the duration of running traces. */
  readonly now: number;
  readonly width: number;
  readonly height: number;
  readonly pad: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number };
}

/** Lines of the logarithmic scale, in seconds. */
const STEPS = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 60, 600, 3_600, 36_000, 86_400];
const FINE_STEPS = STEPS.flatMap((seconds) => [seconds, 2 * seconds, 5 * seconds]).toSorted((a, b) => a - b);

/** Time from left to right, durations on a logarithmic scale from bottom to top. */
export function scaleOf(rows: readonly ChartPoint[], { times, now, width, height, pad }: ChartSize): ChartScale {
  let [least, most] = [Infinity, 0];
  for (const row of rows) {
    const seconds = lengthOf(row, now);
    if (seconds === null || row.start < times.from || row.start > times.to) continue;
    least = Math.min(least, seconds);
    most = Math.max(most, seconds);
  }
  const start = times.from;
  const end = Math.max(times.to, start + 1e-3);
  // At least one full decade, with a margin, so that points do not touch the edges.
  const low = Math.log10(Math.max(1e-6, Math.min(least, most / 10 || 1e-3))) - 0.1;
  const high = Math.max(Math.log10(Math.max(most, 1e-5)) + 0.1, low + 1);
  const [inner, tall] = [width - pad.left - pad.right, height - pad.top - pad.bottom];
  const y = (seconds: number): number =>
    pad.top + tall * (1 - (Math.log10(Math.max(1e-6, seconds)) - low) / (high - low));
  const x = (time: number): number => pad.left + (inner * (time - start)) / (end - start);
  return {
    x,
    y,
    timeAt: (at) => start + (Math.max(0, Math.min(inner, at - pad.left)) / inner) * (end - start),
    durationAt: (at) => 10 ** (low + (1 - Math.max(0, Math.min(tall, at - pad.top)) / tall) * (high - low)),
    durationTicks: apart(stepsBetween(low, high).map((seconds) => ({ seconds, y: y(seconds) }))),
    timeTicks: [start, (start + end) / 2, end].map((time) => ({ time, x: x(time) })),
  };
}

/**
 * Durations of the grid lines, in seconds; `low` and `high` as logarithms. Uses finer steps if there would be a single
 * line.
 */
function stepsBetween(low: number, high: number): readonly number[] {
  const isWithin = (seconds: number): boolean => Math.log10(seconds) >= low && Math.log10(seconds) <= high;
  const steps = STEPS.filter(isWithin);
  return steps.length > 1 ? steps : FINE_STEPS.filter(isWithin);
}

/** Minimum distance between grid lines, so that their labels do not overlap, px. */
const MIN_TICK_GAP = 15;

/** Keeps ticks that are far enough from the previous one. */
function apart<T extends { readonly y: number }>(ticks: readonly T[]): T[] {
  const kept: T[] = [];
  for (const tick of ticks) if ((kept.at(-1)?.y ?? Infinity) - tick.y >= MIN_TICK_GAP) kept.push(tick);
  return kept;
}

const MAX_BINS = 18;
/** Minimum range of the histogram in orders of magnitude, so that similar durations are still told apart. */
const MIN_MAGNITUDES = 0.1;

export interface Bins {
  readonly bins: readonly { readonly total: number; readonly byOutcome: readonly number[] }[];
  readonly barWidth: number;
  readonly secondsAt: (x: number) => number;
  readonly ticks: readonly { readonly x: number; readonly text: string; readonly align: CanvasTextAlign }[];
}

/** Bins on a logarithmic scale; running traces are left out. `width` in px. */
export function binsOf(rows: readonly ChartPoint[], width: number): Bins {
  let [least, most] = [Infinity, 0];
  for (const { duration: seconds, isOpen } of rows) {
    if (seconds === null || isOpen) continue;
    least = Math.min(least, seconds);
    most = Math.max(most, seconds);
  }
  const barWidth = Math.max(4, width / MAX_BINS);
  if (most === 0) return { bins: [], barWidth, secondsAt: () => 0, ticks: [] };
  const low = Math.log10(Math.max(1e-6, least));
  const high = Math.max(Math.log10(most), low + MIN_MAGNITUDES);
  const bins = Array.from({ length: MAX_BINS }, () => ({ total: 0, byOutcome: OUTCOMES.map(() => 0) }));
  for (const { duration: seconds, outcome, isOpen, count = 1 } of rows) {
    if (seconds === null || isOpen) continue;
    const at = ((Math.log10(Math.max(1e-6, seconds)) - low) / (high - low)) * MAX_BINS;
    const bin = bins[Math.max(0, Math.min(MAX_BINS - 1, Math.floor(at)))]!;
    bin.total += count;
    bin.byOutcome[severityOf(outcome)]! += count;
  }
  const secondsAt = (x: number): number =>
    10 ** (low + (Math.max(0, Math.min(width, x)) / (barWidth * MAX_BINS)) * (high - low));
  const ticks = [
    { x: 0, text: tick(10 ** low), align: 'left' },
    { x: width / 2, text: tick(10 ** ((low + high) / 2)), align: 'center' },
    { x: width, text: tick(10 ** high), align: 'right' },
  ] as const;
  return { bins, barWidth, secondsAt, ticks };
}
