import { signal } from '@preact/signals';
import type { RowTotals, TraceRow } from '../../../src/xray/api/page-types.ts';
import { readRows, readTotals, type Query } from '../api.ts';
import { SortedRows } from './sorted-rows.ts';

/** As many traces as the page holds: older ones are in the store, and found with a filter or a time range. */
export const MAX_ROWS = 100_000;
/** Of a list in another order, for what comes while it is looked at. */
const SPARE_ROWS = 10_000;
/** The first page is what a screen shows; then larger ones, in the background. */
const FIRST_PAGE = 200;
const PAGE = 1_000;
/** Under a flood the list is brought up to date this often at most. */
const RELOAD_MS = 3_000;
/** An order that takes longer than this is waited for with the newest traces on the screen. */
const SLOW_MS = 500;

/** The traces of the list, newest first, as they are and as they come. */
export class RowList {
  readonly version = signal(0);
  /** `unsearched`: the expression has a mistake. */
  readonly state = signal<'loading' | 'ready' | 'failed' | 'unsearched'>('loading');
  readonly problem = signal('');
  /** New traces that wait, because the reader is looking at something. */
  readonly waiting = signal(0);
  /** Every page has come. */
  readonly isComplete = signal(false);
  /** Of all that match, as the store said when it was last asked; undefined while the page has them all, or has not been told. */
  readonly totals = signal<RowTotals | undefined>(undefined);
  /** The store is still putting all that match in order: those that are here are the newest of them. */
  readonly isOrdering = signal(false);
  /** Called with the ids of traces that changed, whether they match or not; undefined when changes were missed, and any may have. */
  onChanged: (ids: readonly string[] | undefined) => void = () => {};
  readonly #shown = new SortedRows();
  readonly #waiting = new Map<string, TraceRow>();
  #query: Query | undefined = { filter: '', text: '' };
  #isWanted: (row: TraceRow) => boolean = () => true;
  /** In which order the store gives its pages: what a screen shows first comes first. */
  #sort = '';
  #isHeld = false;
  /** While the store is read: what it is known to have since that began. */
  #seen: Set<string> | undefined;
  #loading = new AbortController();
  #loadedMs = -Infinity;
  #reload: ReturnType<typeof setTimeout> | undefined;
  /** Changes were missed while reading. */
  #isStale = false;
  /** What is being read is the answer to a new question. */
  #isNewRead = false;
  /** Another store is read: what it does not have goes, whatever the reader looks at. */
  #isOtherStore = false;
  /** The store has more than the page holds. */
  #hasMore = false;

  /** Never changed by others; `version` says when it has changed. */
  get rows(): readonly TraceRow[] {
    return this.#shown.all;
  }

  /** How many match, as far as is known: all of them, or at least so many. */
  get found(): { readonly traces: number; readonly isAll: boolean } {
    const { length } = this.rows;
    const totals = this.totals.value;
    if (totals !== undefined && totals.traces > length) return { traces: totals.traces, isAll: totals.isExact };
    return { traces: length, isAll: this.isComplete.value };
  }

  get(id: string): TraceRow | undefined {
    return this.#shown.get(id);
  }

  /** Asks for pages in this order while there are more of them; the page sorts what it has by itself. "-duration" as in the address. */
  order(sort: string): void {
    if (sort === this.#sort) return;
    this.#sort = sort;
    if (this.#query !== undefined && (this.#isNewRead || this.#hasMore)) void this.#load({ isNew: true, isSame: true });
  }

  /** Shows what matches `query` from now on, and of what changes the wanted ones; nothing when it is undefined. */
  show(query: Query | undefined, isWanted: (row: TraceRow) => boolean = () => true): void {
    this.#query = query;
    this.#isWanted = isWanted;
    this.#waiting.clear();
    this.waiting.value = 0;
    if (query !== undefined) {
      void this.#load({ isNew: true });
      return;
    }
    this.#loading.abort();
    clearTimeout(this.#reload);
    this.#seen = undefined;
    this.#shown.clear();
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
        this.onChanged(undefined);
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
    if (this.#waiting.size === 0) return;
    this.#insert(this.#waiting);
    this.#waiting.clear();
    this.waiting.value = 0;
    this.#changed();
  }

  /** Time has passed: what began before `start` is out of the range. */
  forgetBefore(start: number): void {
    if (this.#query === undefined) return;
    this.#query = { ...this.#query, from: start };
    const before = this.rows.length;
    this.#shown.forgetBefore(start);
    if (this.rows.length !== before) this.#changed();
  }

  /** Rows that changed, and ids of those that changed and do not match. */
  apply(rows: readonly TraceRow[], others: readonly string[]): void {
    const added = new Map<string, TraceRow>();
    for (const row of rows) {
      if (!this.#isInRange(row)) continue;
      this.#seen?.add(row.id);
      if (this.#shown.get(row.id) !== undefined) this.#shown.replace(row);
      else if (this.#isHeld) this.#waiting.set(row.id, row);
      else added.set(row.id, row);
    }
    this.#insert(added);
    for (const id of others) {
      this.#waiting.delete(id);
      if (!this.#isHeld) this.#shown.remove(id);
    }
    this.waiting.value = this.#waiting.size;
    this.#changed();
    this.onChanged([...rows.map(({ id }) => id), ...others]);
  }

  #isInRange(row: TraceRow): boolean {
    if (this.#query === undefined) return false;
    const { from = -Infinity, to = Infinity } = this.#query;
    return row.start >= from && row.start < to && this.#isWanted(row);
  }

  /**
   * Reads what the store has. The answer to another question (`isNew`), or to the same in another order (`isSame`), replaces what is there with its
   * first page; else it comes newest first, what is there
   * stays and is brought up to date, up to where nothing has changed; what the store does not have any more goes at the end.
   */
  async #load({ isNew, isSame = false }: { isNew: boolean; isSame?: boolean }): Promise<void> {
    this.#loading.abort();
    clearTimeout(this.#reload);
    const { signal: stop } = (this.#loading = new AbortController());
    if (this.rows.length === 0) this.state.value = 'loading';
    this.isOrdering.value = false;
    if (isNew) {
      this.isComplete.value = false;
      this.totals.value = undefined;
    }
    const seen = (this.#seen = new Set<string>());
    this.#isStale = false;
    this.#isNewRead = isNew;
    try {
      await this.#readPages({ isNew, isSame }, seen, stop);
    } catch (error) {
      // What is there is still true; that the connection is lost is said elsewhere.
      if (stop.aborted || (!isNew && this.rows.length > 0)) return;
      this.#shown.clear();
      this.#changed();
      this.problem.value = error instanceof Error ? error.message : String(error);
      this.state.value = 'failed';
    } finally {
      if (!stop.aborted) {
        this.#seen = undefined;
        this.#isNewRead = false;
        this.#loadedMs = performance.now();
        if (this.#isStale) this.resync();
      }
    }
  }

  async #readPages({ isNew, isSame }: { isNew: boolean; isSame: boolean }, seen: Set<string>, stop: AbortSignal): Promise<void> {
    let after: string | null = null;
    let isFirst = true;
    // What has changed since is found where it is newest.
    const sort = isNew ? this.#sort : '';
    const isOtherStore = this.#isOtherStore;
    do {
      const query = this.#query;
      if (query === undefined) return;
      const reading = readRows(query, { sort, after, limit: isFirst ? FIRST_PAGE : PAGE }, stop);
      if (isFirst && sort !== '') await this.#showMeanwhile(query, { reading, isSame }, stop);
      const page = await reading;
      if (stop.aborted) return;
      this.isOrdering.value = false;
      if (isFirst && page.next === null) this.totals.value = undefined;
      else if (isFirst) void this.#readTotals(query, stop);
      if (isFirst && isNew) this.#shown.clear();
      // The first page alone says little: traces further down may have changed too.
      const isKnown = !isNew && !isFirst && page.rows.every(({ id, revision }) => this.#shown.get(id)?.revision === revision);
      isFirst = false;
      const added = new Map<string, TraceRow>();
      for (const row of page.rows) {
        seen.add(row.id);
        const shown = this.#shown.get(row.id);
        if (shown === undefined && this.#isHeld && !isNew && !isOtherStore) this.#waiting.set(row.id, row);
        else if (shown === undefined) added.set(row.id, this.#newestOf(row));
        else if (shown.revision <= row.revision) this.#shown.replace(row);
      }
      this.#insert(added);
      this.state.value = 'ready';
      this.problem.value = '';
      this.waiting.value = this.#waiting.size;
      this.#changed();
      after = page.next;
      if (isKnown && after !== null) return;
    } while (after !== null && this.rows.length < MAX_ROWS);
    this.#hasMore = after !== null;
    if (!this.#hasMore) this.totals.value = undefined;
    if (after === null && !isNew && (isOtherStore || !this.#isHeld)) this.#keepOnly(seen);
    if (isOtherStore) this.#isOtherStore = false;
    this.isComplete.value = true;
  }

  /** To put many traces in order takes the store a while: until then the newest ones are here. */
  async #showMeanwhile(query: Query, { reading, isSame }: { reading: Promise<unknown>; isSame: boolean }, stop: AbortSignal): Promise<void> {
    const isSlow = await Promise.race([reading.then(() => false), new Promise<boolean>((late) => setTimeout(() => late(true), SLOW_MS))]);
    if (!isSlow || stop.aborted) return;
    this.isOrdering.value = true;
    if (isSame && this.rows.length > 0) return;
    const page = await readRows(query, { sort: '', after: null, limit: FIRST_PAGE }, stop);
    if (stop.aborted || !this.isOrdering.value) return;
    this.#shown.clear();
    this.#insert(new Map(page.rows.map((row) => [row.id, this.#newestOf(row)])));
    this.state.value = 'ready';
    this.#changed();
  }

  async #readTotals(query: Query, stop: AbortSignal): Promise<void> {
    try {
      const totals = await readTotals(query, stop);
      if (!stop.aborted && !(this.isComplete.peek() && !this.#hasMore)) this.totals.value = totals;
    } catch {
      // The rows say what they are; how many there are is said when all of them are here.
    }
  }

  /** A trace may have changed, and wait, before the page that it is on has come. */
  #newestOf(row: TraceRow): TraceRow {
    const waiting = this.#waiting.get(row.id);
    this.#waiting.delete(row.id);
    return waiting !== undefined && waiting.revision > row.revision ? waiting : row;
  }

  #keepOnly(seen: ReadonlySet<string>): void {
    const gone = this.rows.filter(({ id }) => !seen.has(id));
    for (const { id } of gone) this.#shown.remove(id);
    for (const id of this.#waiting.keys()) if (!seen.has(id)) this.#waiting.delete(id);
    this.waiting.value = this.#waiting.size;
    if (gone.length > 0) this.#changed();
  }

  #insert(byId: ReadonlyMap<string, TraceRow>): void {
    // In another order the oldest may be the first: then there is room for what comes.
    this.#shown.insert(byId, this.#sort === '' ? MAX_ROWS : MAX_ROWS + SPARE_ROWS);
  }

  #changed(): void {
    this.version.value = this.version.peek() + 1;
  }
}
