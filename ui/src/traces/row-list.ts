import { signal, type ReadonlySignal } from '@preact/signals';
import type { Overview, TraceRow } from '../../../src/api/page-types.ts';
import { messageOf, type Query } from '../api.ts';
import { Listeners } from '../listeners.ts';
import { MAX_ROWS, readPages } from './pages.ts';
import { SortedRows } from './sorted-rows.ts';
import { MAX_ORDERED, StoreOrder } from './store-order.ts';
import { StoreOverview } from './store-overview.ts';
import type { StoreWindows } from './store-windows.ts';
import { WaitingRows } from './waiting-rows.ts';

/** Under a flood the list is brought up to date this often at most. */
const RELOAD_MS = 3_000;

/** The traces of the list, as they are and as they come. */
export class RowList {
  readonly version = signal(0);
  /** `unsearched`: the expression has a mistake. */
  readonly state = signal<'loading' | 'ready' | 'failed' | 'unsearched'>('loading');
  readonly problem = signal('');
  /** The newest traces have come: all that match, or as many as the page holds. */
  readonly isComplete = signal(false);
  /** Told the ids of traces that changed, whether they match or not; undefined when changes were missed, so that any may have. */
  readonly onChanged = new Listeners<[ids: readonly string[] | undefined]>();
  readonly #shown = new SortedRows();
  readonly #waiting = new WaitingRows(MAX_ROWS);
  readonly #overview = new StoreOverview(() => (this.#hasMore ? this.#query : undefined));
  #query: Query | undefined = { filter: '', text: '' };
  #isWanted: (row: TraceRow) => boolean = () => true;
  #sort = '';
  readonly #order = new StoreOrder(() => this.#changed());
  #isHeld = false;
  /** While the store is read: what it is known to have since that began. */
  #seen: Set<string> | undefined;
  #loading = new AbortController();
  #loadedMs = -Infinity;
  #reload: ReturnType<typeof setTimeout> | undefined;
  /** Changes were missed while reading. */
  #isStale = false;
  /** Another store is read: what it does not have goes, whatever the reader looks at. */
  #isOtherStore = false;
  /** The store has more than the page holds. */
  #hasMore = false;

  /** Of all that match, when the page does not hold them all; undefined until the store has said it. */
  readonly overview: ReadonlySignal<Overview | undefined> = this.#overview.value;
  /** New traces that wait, because the reader is looking at something. */
  readonly waiting: ReadonlySignal<number> = this.#waiting.count;

  /** The newest, never changed by others; `version` says when they have changed. */
  get rows(): readonly TraceRow[] {
    return this.#shown.all;
  }

  /** How many match, as far as is known: all of them, or at least so many. */
  get found(): { readonly traces: number; readonly isAll: boolean } {
    const { length } = this.rows;
    const overview = this.overview.value;
    const ordered = this.ofStore?.traces ?? 0;
    const traces = Math.max(length, overview?.traces ?? 0, ordered);
    const isAll = overview?.isExact ?? (ordered > 0 ? ordered < MAX_ORDERED : this.isComplete.value && !this.#hasMore);
    return { traces, isAll };
  }

  /** The store orders the list: the page does not have all, or not yet. */
  get isOfStore(): boolean {
    return this.#query?.isPinned !== true && (this.#hasMore || (this.#sort !== '' && !this.isComplete.value));
  }

  /** The store is still putting all that match in order: until then the newest of them are shown. */
  get isOrdering(): boolean {
    return this.#order.isSlow.value;
  }

  /** All that match by their place in the order; undefined before the store's first answer. */
  get ofStore(): StoreWindows | undefined {
    return this.isOfStore ? this.#order.shown : undefined;
  }

  /** A row that the page has. */
  get(id: string): TraceRow | undefined {
    return this.#shown.get(id) ?? this.#order.get(id);
  }

  /** The order of the list, as in the address. What the page has all of it sorts by itself. */
  order(sort: string): void {
    if (sort === this.#sort) return;
    this.#sort = sort;
    this.#renewOrder();
    this.#changed();
  }

  /** The store's order, to be asked for what is looked at; undefined when the page has all. */
  askStore(): StoreWindows | undefined {
    return this.isOfStore && this.#query !== undefined ? this.#order.of(this.#query, this.#sort) : undefined;
  }

  /** Whether the chart is of all times. */
  chart(isAllTime: boolean): void {
    this.#overview.chart(isAllTime);
  }

  /** Shows what matches `query` from now on, and of what changes the wanted ones; nothing when it is undefined. */
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

  /** Changes were missed. What is being read goes on first: a flood must not make everything be read again and again. */
  resync({ isOtherStore = false }: { isOtherStore?: boolean } = {}): void {
    this.#isOtherStore ||= isOtherStore;
    if (this.#seen !== undefined) {
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

  /** While held, new traces wait; what is there changes in its place. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.release();
  }

  /** Shows what has waited. */
  release(): void {
    const released = this.#waiting.take();
    if (released.size === 0) return;
    this.#insert(released);
    this.#renewOrder();
    this.#changed();
  }

  /** Time has passed: what began before `start` is out of the range. */
  forgetBefore(start: number): void {
    if (this.#query === undefined) return;
    this.#query = { ...this.#query, from: start };
    const before = this.rows.length;
    this.#shown.forgetBefore(start);
    if (this.rows.length !== before) this.#changed();
    this.#overview.changed();
  }

  /** Rows that changed, and ids of those that changed and do not match. */
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
    // Nobody looks at more than the newest while these come by themselves.
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

  /** The page has no place for it: it is older than all that the page holds. */
  #isBeyond(row: TraceRow): boolean {
    const last = this.rows.at(-1);
    return this.#hasMore && last !== undefined && row.start < last.start;
  }

  /** Reads what the store has, the newest first. The answer to another question (`isNew`) replaces what is there; else that is brought up to date. */
  async #load({ isNew }: { isNew: boolean }): Promise<void> {
    this.#loading.abort();
    clearTimeout(this.#reload);
    this.#overview.changed();
    const { signal: stop } = (this.#loading = new AbortController());
    if (this.rows.length === 0) this.state.value = 'loading';
    const seen = (this.#seen = new Set<string>());
    this.#isStale = false;
    if (isNew) {
      this.isComplete.value = false;
      this.#hasMore = false;
      this.#overview.drop();
      this.#order.drop();
    } else if (!this.#isHeld) this.#renewOrder();
    try {
      await this.#readPages({ isNew }, seen, stop);
    } catch (error) {
      // What is there is still true; that the connection is lost is said elsewhere.
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
    for await (const { rows, isFirst, hasMore } of readPages(() => this.#query, stop)) {
      if (isFirst && isNew) this.#shown.clear();
      // The first page alone says little: traces further down may have changed too.
      const isKnown = !isNew && !isFirst && rows.every(({ id, revision }) => this.#shown.get(id)?.revision === revision);
      this.#take(rows, seen, { waits: this.#isHeld && !isNew && !isOtherStore });
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

  /** Rows that the store has; new ones wait (`waits`), or are shown. */
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

  /** Newest first, what comes is put before what is here: nothing of another order may be shown then. */
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
