import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Span, TraceModel } from './model.ts';
import { idleGaps, TimeAxis, type Gap } from './time-axis.ts';

/** A part of the time axis, in its units. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** A zoom range of at least this share of the axis counts as all of it. */
const WHOLE_SHARE = 0.999;

/** The visible part of a trace's time axis. */
export class TimelineZoom {
  /** undefined for all of it. */
  readonly chosen = signal<Zoom | undefined>(undefined);
  readonly isFoldingGaps = signal(true);
  readonly gaps: ReadonlySignal<readonly Gap[]>;
  readonly axis: ReadonlySignal<TimeAxis>;
  readonly window: ReadonlySignal<Zoom>;
  /** The user has zoomed, scrolled or selected: from then on nothing moves by itself. */
  isTouched = false;

  /** `tick` changes whenever the model of a trace in progress has grown in place. */
  constructor(model: ReadonlySignal<TraceModel | undefined>, tick: ReadonlySignal<number>) {
    this.gaps = computed(() => (model.value === undefined ? [] : idleGaps(model.value.spans)));
    this.axis = computed(() => {
      void tick.value;
      return new TimeAxis(Math.max(1e-6, model.value?.length ?? 1), this.isFoldingGaps.value ? this.gaps.value : []);
    });
    this.window = computed(() => this.chosen.value ?? { from: 0, to: this.axis.value.units });
  }

  to(zoom: Zoom | undefined): void {
    const { units } = this.axis.peek();
    this.isTouched = true;
    if (zoom === undefined) {
      this.chosen.value = undefined;
      return;
    }
    const length = Math.max(units / 1e6, Math.min(units, zoom.to - zoom.from));
    const from = Math.max(0, Math.min(units - length, zoom.from));
    this.chosen.value = length >= units * WHOLE_SHARE ? undefined : { from, to: from + length };
  }

  /** A `factor` below 1 zooms in; the position `at` stays fixed. */
  by(factor: number, at?: number): void {
    const { from, to } = this.window.peek();
    const centre = at ?? (from + to) / 2;
    this.to({ from: centre - (centre - from) * factor, to: centre + (to - centre) * factor });
  }

  pan(units: number): void {
    const zoom = this.chosen.peek();
    if (zoom !== undefined) this.to({ from: zoom.from + units, to: zoom.to + units });
  }

  toSpans(spans: readonly Span[]): void {
    const axis = this.axis.peek();
    const from = spans.reduce((least, { start }) => Math.min(least, axis.unitsAt(start)), Infinity);
    const to = spans.reduce((most, { end }) => Math.max(most, axis.unitsAt(end)), 0);
    const margin = Math.max((to - from) * 0.1, axis.units / 1e6);
    this.to({ from: from - margin, to: to + margin });
  }

  /** As in the address: seconds since the start of the trace, "0.05-0.2"; "" for the whole trace. */
  text(): string {
    const zoom = this.chosen.peek();
    if (zoom === undefined) return '';
    const axis = this.axis.peek();
    return [zoom.from, zoom.to].map((units) => Number(axis.secondsAt(units).toFixed(6))).join('-');
  }

  /** Zooms to the range in an address; ignores text that is not a range. */
  toText(text: string): void {
    const [, from, to] = /^([\d.]+)-([\d.]+)$/.exec(text) ?? [];
    const axis = this.axis.peek();
    if (Number(from) < Number(to)) this.to({ from: axis.unitsAt(Number(from)), to: axis.unitsAt(Number(to)) });
  }

  /**
   * Once the user has looked closer, the scale stays the same even if the trace gets longer or turns out to start
   * earlier.
   */
  keep(before: TraceModel, next: TraceModel): void {
    if (!this.isTouched) return;
    // A growing trace stays fully visible, unless the user has chosen a range.
    if (before.isLive && this.chosen.peek() === undefined) return;
    const [axis, { from, to }] = [this.axis.peek(), this.window.peek()];
    const shift = before.origin - next.origin;
    const nextAxis = new TimeAxis(next.length, this.isFoldingGaps.peek() ? idleGaps(next.spans) : []);
    const zoom = {
      from: nextAxis.unitsAt(axis.secondsAt(from) + shift),
      to: nextAxis.unitsAt(axis.secondsAt(to) + shift),
    };
    this.chosen.value = zoom.to - zoom.from >= nextAxis.units * WHOLE_SHARE ? undefined : zoom;
  }
}
