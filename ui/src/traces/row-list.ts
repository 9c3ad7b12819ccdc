import { signal, type ReadonlySignal } from '@preact/signals';
import type { Overview, TraceRow } from '../../../src/api/page-types.ts';
import { messageOf, unhurried, type Query } from '../api.ts';
import { Listeners } from '../listeners.ts';
import { MAX_ROWS, readPages } from './pages.ts';
import { SortedRows } from './sorted-rows.ts';
import { MAX_ORDERED, StoreOrder } from './store-order.ts';
import { StoreOverview } from './store-overview.ts';
import type { StoreWindows } from './store-windows.ts';
import { WaitingRows } from './waiting-rows.ts';

/** Minimum interval between reloads of the list under heavy traffic. */
const RELOAD_MS = 3_000;

/** The traces of the list, kept up to date. */
export class RowList {
  readonly version = signal(0);
  /** `unsearched`: the expression has a mistake. */
  readonly state = signal<'loading' | 'ready' | 'failed' | 'unsearched'>('loading');
  readonly problem = signal('');
  /** The newest traces have been read: all matches, or as many as the page holds. */
  readonly isComplete = signal(false);
  /**
   * Receives the IDs of changed traces, whether they match or not; undefined if changes were missed, so any trace may
   * have changed.
   */
  readonly onChanged = new Listeners<[ids: readonly string[] | undefined]>();
  readonly #shown = new SortedRows();
  readonly #waiting = new WaitingRows(MAX_ROWS);
  readonly #overview = new StoreOverview(() => this.#overviewQuery());
  #query: Query | undefined = { filter: '', text: '' };
  #isWanted: (row: TraceRow) => boolean = () => true;
  #sort = '';
  readonly #order = new StoreOrder(() => this.#changed());
  #isHeld = false;
  #isOnScreen = true;
  /** Continues the reading that waits until the list is on the screen; undefined if none does. */
  #readOn: (() => void) | undefined;
  /** While reading: the IDs seen since reading began. */
  #seen: Set<string> | undefined;
  #loading = new AbortController();
  #loadedMs = -Infinity;
  #reload: ReturnType<typeof setTimeout> | undefined;
  /** Changes were missed during the current reading. */
  #isStale = false;
  /** The store was replaced: traces it does not have are removed, even if the list is held. */
  #isOtherStore = false;
  /** The store has more than the page holds. */
  #hasMore = false;

  /** Totals of all matches, if the page does not hold them all; undefined until the store has answered. */
  readonly overview: ReadonlySignal<Overview | undefined> = this.#overview.value;
  /** New traces that are held back while the list is in use. */
  readonly waiting: ReadonlySignal<number> = this.#waiting.count;

  /** The newest traces; only this class changes them, and `version` changes with them. */
  get rows(): readonly TraceRow[] {
    return this.#shown.all;
  }

  /** The number of matches as far as known: exact (`isAll`), or a lower bound. */
  get found(): { readonly traces: number; readonly isAll: boolean } {
    const { length } = this.rows;
    const overview = this.overview.value;
    const ordered = this.ofStore?.traces ?? 0;
    const traces = Math.max(length, overview?.traces ?? 0, ordered);
    const isAll = overview?.isExact ?? (ordered > 0 ? ordered < MAX_ORDERED : this.isComplete.value && !this.#hasMore);
    return { traces, isAll };
  }

  /** The store sorts the list, because the page does not hold all matches, or not yet. */
  get isOfStore(): boolean {
    return this.#query?.isPinned !== true && (this.#hasMore || (this.#sort !== '' && !this.isComplete.value));
  }

  /** The store is still sorting; until it is done, the newest traces are shown. */
  get isOrdering(): boolean {
    return this.#order.isSlow.value;
  }

  /** All matches by position; undefined before the store's first answer. */
  get ofStore(): StoreWindows | undefined {
    return this.isOfStore ? this.#order.shown : undefined;
  }

  /** A row that the page holds. */
  get(id: string): TraceRow | undefined {
    return this.#shown.get(id) ?? this.#order.get(id);
  }

  /** Sets the order of the list, as in the address. If the page holds all matches, it sorts them itself. */
  order(sort: string): void {
    if (sort === this.#sort) return;
    this.#sort = sort;
    this.#renewOrder();
    this.#changed();
  }

  /** The store's order, to request visible rows from; undefined if the page holds all matches. */
  askStore(): StoreWindows | undefined {
    return this.isOfStore && this.#query !== undefined ? this.#order.of(this.#query, this.#sort) : undefined;
  }

  /** Whether the chart shows all time. */
  chart(isAllTime: boolean): void {
    this.#overview.chart(isAllTime);
  }

  /**
   * Shows what matches `query` from now on, and those changed rows that `isWanted` accepts; nothing if `query` is
   * undefined.
   */
  show(query: Query | undefined, isWanted: (row: TraceRow) => boolean = () => true): void {
    this.#query = query;
    this.#isWanted = isWanted;
    this.#waiting.take();
    if (query !== undefined) return void this.#load({ isNew: true });
    this.#loading.abort();
    clearTimeout(this.#reload);
    this.#seen = undefined;
    this.#shown.clear();
    this.#hasMore = false;
    this.#order.drop();
    this.#overview.drop();
    this.state.value = 'unsearched';
    this.isComplete.value = true;
    this.#changed();
  }

  /**
   * Changes were missed. The current reading is finished first, so that heavy traffic does not restart it again and
   * again.
   */
  resync({ isOtherStore = false }: { isOtherStore?: boolean } = {}): void {
    this.#isOtherStore ||= isOtherStore;
    if (this.#seen !== undefined && this.#readOn === undefined) {
      this.#isStale = true;
      return;
    }
    const dueMs = this.#loadedMs + RELOAD_MS - performance.now();
    clearTimeout(this.#reload);
    this.#reload = setTimeout(
      () => {
        this.onChanged.tell(undefined);
        if (this.#query !== undefined) void this.#load({ isNew: false });
      },
      Math.max(0, dueMs),
    );
  }

  /** While another screen is shown, only the first page is read: nobody sees the others. */
  onScreen(isOnScreen: boolean): void {
    this.#isOnScreen = isOnScreen;
    if (isOnScreen) this.#readOn?.();
  }

  /** While held, new traces are held back; rows already shown are updated in place. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.release();
  }

  /** Shows the traces that were held back. */
  release(): void {
    const released = this.#waiting.take();
    if (released.size === 0) return;
    this.#insert(released);
    this.#renewOrder();
    this.#changed();
  }

  /** The time range has moved on: removes traces that started before `start`. */
  forgetBefore(start: number): void {
    if (this.#query === undefined) return;
    this.#query = { ...this.#query, from: start };
    const before = this.rows.length;
    this.#shown.forgetBefore(start);
    if (this.rows.length !== before) this.#changed();
    this.#overview.changed();
  }

  /** Changed rows, and the IDs of changed traces that do not match. */
  apply(rows: readonly TraceRow[], others: readonly string[]): void {
    const added = new Map<string, TraceRow>();
    for (const row of rows) {
      if (!this.#isInRange(row)) continue;
      this.#seen?.add(row.id);
      const isInWindow = this.#order.replace(row);
      if (this.#shown.get(row.id) !== undefined) this.#shown.replace(row);
      else if (isInWindow || this.#isBeyond(row)) continue;
      else if (this.#isHeld) this.#waiting.add(row);
      else added.set(row.id, row);
    }
    this.#insert(added);
    for (const id of others) {
      this.#waiting.delete(id);
      if (!this.#isHeld) this.#shown.remove(id);
    }
    // While new traces are shown as they arrive, the user is at the top of the list.
    if (added.size > 0) this.#renewOrder();
    this.#overview.changed();
    this.#changed();
    this.onChanged.tell([...rows.map(({ id }) => id), ...others]);
  }

  #isInRange(row: TraceRow): boolean {
    if (this.#query === undefined) return false;
    const { from = -Infinity, to = Infinity } = this.#query;
    return row.start >= from && row.start < to && this.#isWanted(row);
  }

  /** Older than all rows that the page holds. */
  #isBeyond(row: TraceRow): boolean {
    const last = this.rows.at(-1);
    return this.#hasMore && last !== undefined && row.start < last.start;
  }

  /**
   * Reads what the store has, the newest first. The answer to another question (`isNew`) replaces what is there; else
   * that is brought up to date.
   */
  async #load({ isNew }: { isNew: boolean }): Promise<void> {
    this.#loading.abort();
    clearTimeout(this.#reload);
    this.#overview.changed();
    const { signal: stop } = (this.#loading = new AbortController());
    if (this.rows.length === 0) this.state.value = 'loading';
    const seen = (this.#seen = new Set<string>());
    this.#isStale = false;
    this.#readOn = undefined;
    if (isNew) {
      this.isComplete.value = false;
      this.#hasMore = false;
      this.#overview.drop();
      this.#order.drop();
    } else if (!this.#isHeld) this.#renewOrder();
    try {
      await this.#readPages({ isNew }, seen, stop);
    } catch (error) {
      // The rows shown are still valid; the lost connection is reported elsewhere.
      if (stop.aborted || (!isNew && this.rows.length > 0)) return;
      this.#shown.clear();
      this.#changed();
      this.problem.value = messageOf(error);
      this.state.value = 'failed';
    } finally {
      if (!stop.aborted) {
        this.#seen = undefined;
        this.#loadedMs = performance.now();
        if (this.#isStale) this.resync();
      }
    }
  }

  async #readPages({ isNew }: { isNew: boolean }, seen: Set<string>, stop: AbortSignal): Promise<void> {
    const isOtherStore = this.#isOtherStore;
    let isAll = true;
    for await (const { rows, isFirst, hasMore } of readPages(
      () => this.#query,
      async () => this.#mayReadOn(stop),
      stop,
    )) {
      if (isFirst && isNew) this.#shown.clear();
      // The first page is not sufficient: traces further down may have changed.
      const isKnown =
        !isNew && !isFirst && rows.every(({ id, revision }) => this.#shown.get(id)?.revision === revision);
      this.#take(rows, seen, {
        // Until the list is complete, what is read is not new.
        waits: this.#isHeld && !isNew && !isOtherStore && this.isComplete.peek(),
      });
      isAll = !hasMore;
      if (isKnown && hasMore) return;
    }
    if (stop.aborted) return;
    this.#hasMore = !isAll;
    if (!isNew && (isOtherStore || (isAll && !this.#isHeld))) this.#keepOnly(seen);
    if (isOtherStore) this.#isOtherStore = false;
    if (isAll || isOtherStore) {
      this.#overview.drop();
      this.#order.drop();
    }
    this.isComplete.value = true;
    this.#changed();
    if (this.overview.peek() === undefined) this.#overview.now();
    else this.#overview.changed();
  }

  /** Waits until nothing urgent is being read, and the list is on the screen. */
  async #mayReadOn(stop: AbortSignal): Promise<void> {
    await unhurried();
    if (stop.aborted || this.#isOnScreen) return;
    const isContinued = new Promise<void>((done) => {
      this.#readOn = done;
      stop.addEventListener('abort', () => done());
    });
    this.#hasMore = true;
    // Other screens show the total too.
    this.#overview.now();
    this.#changed();
    await isContinued;
    if (stop.aborted) return;
    this.#readOn = undefined;
    this.#hasMore = false;
  }

  /** undefined if the page holds all matches, or as long as counting them would take as much as reading them. */
  #overviewQuery(): Query | undefined {
    const isPlain = this.#query?.filter === '' && this.#query.text === '';
    return this.#hasMore && (isPlain || this.#readOn === undefined) ? this.#query : undefined;
  }

  /** Takes rows read from the store; new ones are held back (`waits`) or shown. */
  #take(rows: readonly TraceRow[], seen: Set<string>, { waits }: { waits: boolean }): void {
    const added = new Map<string, TraceRow>();
    for (const row of rows) {
      seen.add(row.id);
      const shown = this.#shown.get(row.id);
      if (shown === undefined && waits) this.#waiting.add(row);
      else if (shown === undefined) added.set(row.id, this.#waiting.newestOf(row));
      else if (shown.revision <= row.revision) this.#shown.replace(row);
    }
    this.#insert(added);
    this.state.value = 'ready';
    this.problem.value = '';
    this.#changed();
  }

  /** Sorted by newest, new rows are inserted at the top, so rows of a previous order must not be shown. */
  #renewOrder(): void {
    if (this.#sort === '') this.#order.drop();
    else this.#order.renew();
  }

  #keepOnly(seen: ReadonlySet<string>): void {
    for (const { id } of this.rows.filter((row) => !seen.has(row.id))) this.#shown.remove(id);
    this.#waiting.keepOnly(seen);
  }

  #insert(byId: ReadonlyMap<string, TraceRow>): void {
    this.#shown.insert(byId, MAX_ROWS);
    if (byId.size === 0 || this.rows.length < MAX_ROWS || this.#hasMore || !this.isComplete.peek()) return;
    this.#hasMore = true;
    this.#overview.now();
  }

  #changed(): void {
    this.version.value = this.version.peek() + 1;
  }
}
