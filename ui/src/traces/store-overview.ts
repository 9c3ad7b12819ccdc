import { signal } from '@preact/signals';
import type { Overview } from '../../../src/api/page-types.ts';
import { readOverview, unhurried, type Query } from '../api.ts';
import { Rereading } from '../rereading.ts';

/** It is read this often at most, and no more than a tenth of the time: the store goes over all traces for it. */
const LEAST_MS = 3_000;
const REST = 10;

/** What the store says of all that match, when the page does not hold them all. */
export class StoreOverview {
  readonly value = signal<Overview | undefined>(undefined);
  /** What is asked for; undefined when the page has all. */
  readonly #asked: () => Query | undefined;
  readonly #rereading = new Rereading(async () => this.#read(), LEAST_MS, REST);
  #isAllTime = false;
  #reading = new AbortController();

  constructor(asked: () => Query | undefined) {
    this.#asked = asked;
  }

  /** Whether the chart is of all times. */
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

  /** Another question is asked, or the page has all. */
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
      // The rows say what they are; how many there are is said with the next answer.
    }
  }
}
