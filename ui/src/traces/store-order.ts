import { signal } from '@preact/signals';
import type { TraceRow } from '../../../src/api/page-types.ts';
import type { Query } from '../api.ts';
import { StoreWindows } from './store-windows.ts';

/** The store puts no more in order. */
export const MAX_ORDERED = 200_000;
/** An order that takes longer than this is waited for with the newest traces on the screen. */
const SLOW_MS = 500;

/** The order that the store has made for the list; when another is asked for, the former one is shown until it is there. */
export class StoreOrder {
  /** The store is still putting all that match in order. */
  readonly isSlow = signal(false);
  readonly #onChanged: () => void;
  #current: StoreWindows | undefined;
  #former: StoreWindows | undefined;
  #slow: ReturnType<typeof setTimeout> | undefined;

  /** `onChanged` is called when there is something else to show. */
  constructor(onChanged: () => void) {
    this.#onChanged = onChanged;
  }

  /** What is shown; undefined before the first answer. */
  get shown(): StoreWindows | undefined {
    return this.#current?.traces === undefined ? this.#former : this.#current;
  }

  get(id: string): TraceRow | undefined {
    return this.shown?.get(id);
  }

  /** A row that has changed keeps its place. */
  replace(row: TraceRow): boolean {
    return this.shown?.replace(row) ?? false;
  }

  /** The order, made when it is looked at. */
  of(query: Query, sort: string): StoreWindows {
    if (this.#current !== undefined) return this.#current;
    this.#current = new StoreWindows(query, sort, () => {
      clearTimeout(this.#slow);
      this.isSlow.value = false;
      this.#former?.drop();
      this.#former = undefined;
      this.#onChanged();
    });
    this.#slow = setTimeout(() => {
      this.isSlow.value = true;
      this.#onChanged();
    }, SLOW_MS);
    return this.#current;
  }

  /** It is made anew when it is looked at next. */
  renew(): void {
    const former = this.shown;
    if (this.#current !== former) this.#current?.drop();
    this.#current = undefined;
    this.#former = former;
    clearTimeout(this.#slow);
    this.isSlow.value = false;
  }

  drop(): void {
    this.renew();
    this.#former?.drop();
    this.#former = undefined;
  }
}
