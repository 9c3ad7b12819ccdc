import { signal } from '@preact/signals';
import type { Overview } from '../../../src/api/page-types.ts';
import { readOverview, unhurried, type Query } from '../api.ts';
import { Rereading } from '../rereading.ts';

/**
 * The minimum interval between readings. They also take at most a tenth of the time, because the store scans all
 * traces.
 */
const MIN_MS = 3_000;
const REST = 10;

/** Totals and chart data from the store, for searches with more matches than the page holds. */
export class StoreOverview {
  readonly value = signal<Overview | undefined>(undefined);
  /** The search; undefined if the page holds all matches. */
  readonly #asked: () => Query | undefined;
  readonly #rereading = new Rereading(async () => this.#read(), MIN_MS, REST);
  #isAllTime = false;
  #reading = new AbortController();

  constructor(asked: () => Query | undefined) {
    this.#asked = asked;
  }

  /** Whether the chart shows all time. */
  chart(isAllTime: boolean): void {
    if (isAllTime === this.#isAllTime) return;
    this.#isAllTime = isAllTime;
    if (this.value.peek() !== undefined) this.now();
  }

  changed(): void {
    if (this.#asked() !== undefined) this.#rereading.changed();
  }

  now(): void {
    if (this.#asked() !== undefined) void this.#rereading.now();
  }

  /** The search has changed, or the page holds all matches. */
  drop(): void {
    this.#reading.abort();
    this.#rereading.stop();
    this.value.value = undefined;
  }

  async #read(): Promise<void> {
    const query = this.#asked();
    if (query === undefined) return;
    this.#reading.abort();
    const { signal: stop } = (this.#reading = new AbortController());
    try {
      await unhurried();
      const overview = await readOverview(query, { isAllTime: this.#isAllTime }, stop);
      if (!stop.aborted) this.value.value = overview;
    } catch {
      // The rows are shown anyway; the totals follow with the next answer.
    }
  }
}
