import { signal } from '@preact/signals';
import type { TraceRow } from '../../../src/api/page-types.ts';
import type { Query } from '../api.ts';
import { StoreWindows } from './store-windows.ts';

/** The store sorts at most this many. */
export const MAX_ORDERED = 200_000;
/** While sorting takes longer than this, the newest traces are shown. */
const SLOW_MS = 500;

/** The list as sorted by the store; the previous order is shown until a new one is ready. */
export class StoreOrder {
  /** The store is still sorting. */
  readonly isSlow = signal(false);
  readonly #onChanged: () => void;
  #current: StoreWindows | undefined;
  #former: StoreWindows | undefined;
  #slow: ReturnType<typeof setTimeout> | undefined;

  /** `onChanged` is called whenever `shown` has changed. */
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

  /** A changed row keeps its position. */
  replace(row: TraceRow): boolean {
    return this.shown?.replace(row) ?? false;
  }

  /** The order, created when it is first used. */
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

  /** The order is created again when it is next used. */
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
