import type { Span } from './model.ts';

export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** A gap is folded if it is longer than this share of the total busy time, … */
const MIN_SHARE = 0.25;
/** … and then takes this share of it. */
const FOLDED_SHARE = 0.03;

/** Times without any span, for example between sending and receiving a message. Seconds from the start of the trace. */
export function idleGaps(spans: readonly Span[]): Gap[] {
  const length = spans.reduce((most, { end }) => Math.max(most, end), 0);
  // The common case: one span covers the whole trace.
  if (spans.some(({ start, end }) => start === 0 && end === length)) return [];
  const busy: Gap[] = [];
  const intervals = spans.map(({ start, end }) => ({ from: start, to: end }));
  intervals.sort((a, b) => a.from - b.from);
  for (const { from, to } of intervals) {
    const last = busy.at(-1);
    if (last !== undefined && from <= last.to) busy[busy.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else busy.push({ from, to });
  }
  const active = busy.reduce((sum, { from, to }) => sum + to - from, 0);
  return busy
    .map(({ to }, i) => ({ from: to, to: busy[i + 1]?.from ?? to }))
    .filter(({ from, to }) => to - from > active * MIN_SHARE);
}

/** Converts between time and position. Without gaps a unit is a second; folded gaps take few units. */
export class TimeAxis {
  readonly gaps: readonly Gap[];
  readonly units: number;
  /** Units that a folded gap takes. */
  readonly gapUnits: number;

  constructor(length: number, gaps: readonly Gap[]) {
    this.gaps = gaps;
    const idle = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    this.gapUnits = (length - idle) * FOLDED_SHARE;
    this.units = Math.max(1e-9, length - idle + gaps.length * this.gapUnits);
  }

  unitsAt(seconds: number): number {
    let units = seconds;
    for (const { from, to } of this.gaps) {
      if (seconds <= from) break;
      const inside = Math.min(seconds, to) - from;
      units -= inside - (inside / (to - from)) * this.gapUnits;
    }
    return units;
  }

  secondsAt(units: number): number {
    let seconds = units;
    for (const { from, to } of this.gaps) {
      const start = this.unitsAt(from);
      if (units <= start) break;
      const inside = Math.min(units - start, this.gapUnits);
      seconds += (inside / this.gapUnits) * (to - from) - inside;
    }
    return seconds;
  }
}

/** Round numbers of minutes, hours and days, in seconds. */
const LONG_STEPS = [60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Round times for the ruler: about `most` of them, in seconds. */
export function ticksOf(from: number, to: number, most: number): number[] {
  const rough = (to - from) / Math.max(1, most);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const decimal = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power * 10;
  const step = rough < 30 ? decimal : (LONG_STEPS.find((each) => each >= rough) ?? decimal);
  const ticks: number[] = [];
  for (let i = Math.max(0, Math.ceil(from / step - 1e-9)); i * step <= to && ticks.length <= most * 3; i++)
    ticks.push(i * step + 0);
  return ticks;
}
