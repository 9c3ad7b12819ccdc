import { signal } from '@preact/signals';
import type { TraceRow } from '../../../src/xray/api/page-types.ts';
import { readRows, type Query } from '../api.ts';
import { severityOf } from '../outcomes.ts';
import { nowSeconds } from '../wall-clock.ts';
import { lengthOf } from './elapsed.ts';

/** As many traces as the page holds: older ones are in the store, and found with a filter or a time range. */
export const MAX_ROWS = 100_000;
/** The first page is what a screen shows; then larger ones, in the background. */
const FIRST_PAGE = 200;
const PAGE = 1_000;
/** Under a flood the list is brought up to date this often at most. */
const RELOAD_MS = 3_000;
/** Arguments of one call: more than some tens of thousands do not fit on a stack. */
const AT_ONCE = 10_000;

/** The traces of the list, newest first, as they are and as they come. */
export class RowList {
  /** Never changed by others; `version` says when it has changed. */
  readonly rows: TraceRow[] = [];
  readonly version = signal(0);
  /** `unsearched`: the expression has a mistake. */
  readonly state = signal<'loading' | 'ready' | 'failed' | 'unsearched'>('loading');
  readonly problem = signal('');
  /** New traces that wait, because the reader is looking at something. */
  readonly waiting = signal(0);
  /** Every page has come. */
  readonly isComplete = signal(false);
  /** Called with the ids of traces that changed, whether they match or not; undefined when changes were missed, and any may have. */
  onChanged: (ids: readonly string[] | undefined) => void = () => {};
  readonly #byId = new Map<string, TraceRow>();
  readonly #waiting = new Map<string, TraceRow>();
  #query: Query | undefined = { filter: '', text: '' };
  #isWanted: (row: TraceRow) => boolean = () => true;
  #isHeld = false;
  /** While the store is read: what it is known to have since that began. */
  #seen: Set<string> | undefined;
  #loading = new AbortController();
  #loadedMs = -Infinity;
  #reload: ReturnType<typeof setTimeout> | undefined;
  /** Changes were missed while reading. */
  #isStale = false;

  get(id: string): TraceRow | undefined {
    return this.#byId.get(id);
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
    this.#clear();
    this.state.value = 'unsearched';
    this.isComplete.value = true;
    this.#changed();
  }

  /** Changes were missed. What is being read goes on first: a flood must not make everything be read again and again. */
  resync(): void {
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
    while (this.rows.length > 0 && this.rows.at(-1)!.start < start) this.#byId.delete(this.rows.pop()!.id);
    if (this.rows.length !== before) this.#changed();
  }

  /** Rows that changed, and ids of those that changed and do not match. */
  apply(rows: readonly TraceRow[], others: readonly string[]): void {
    const added = new Map<string, TraceRow>();
    for (const row of rows) {
      if (!this.#isInRange(row)) continue;
      this.#seen?.add(row.id);
      if (this.#byId.has(row.id)) this.#replace(row);
      else if (this.#isHeld) this.#waiting.set(row.id, row);
      else added.set(row.id, row);
    }
    this.#insert(added);
    for (const id of others) {
      this.#waiting.delete(id);
      if (!this.#isHeld) this.#remove(id);
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
   * Reads what the store has, newest first. The answer to another question (`isNew`) replaces what is there with its first page; else what is there
   * stays and is brought up to date, up to where nothing has changed; what the store does not have any more goes at the end.
   */
  async #load({ isNew }: { isNew: boolean }): Promise<void> {
    this.#loading.abort();
    clearTimeout(this.#reload);
    const { signal: stop } = (this.#loading = new AbortController());
    if (this.rows.length === 0) this.state.value = 'loading';
    if (isNew) this.isComplete.value = false;
    const seen = (this.#seen = new Set<string>());
    this.#isStale = false;
    try {
      await this.#readPages(isNew, seen, stop);
    } catch (error) {
      // What is there is still true; that the connection is lost is said elsewhere.
      if (stop.aborted || (!isNew && this.rows.length > 0)) return;
      this.#clear();
      this.#changed();
      this.problem.value = error instanceof Error ? error.message : String(error);
      this.state.value = 'failed';
    } finally {
      if (!stop.aborted) {
        this.#seen = undefined;
        this.#loadedMs = performance.now();
        if (this.#isStale) this.resync();
      }
    }
  }

  async #readPages(isNew: boolean, seen: Set<string>, stop: AbortSignal): Promise<void> {
    let after: string | null = null;
    let isFirst = true;
    do {
      const query = this.#query;
      if (query === undefined) return;
      const page = await readRows(query, after, isFirst ? FIRST_PAGE : PAGE, stop);
      if (stop.aborted) return;
      if (isFirst && isNew) this.#clear();
      // The first page alone says little: traces further down may have changed too.
      const isKnown = !isNew && !isFirst && page.rows.every(({ id, revision }) => this.#byId.get(id)?.revision === revision);
      isFirst = false;
      const added = new Map<string, TraceRow>();
      for (const row of page.rows) {
        seen.add(row.id);
        const shown = this.#byId.get(row.id);
        if (shown === undefined && this.#isHeld && !isNew) this.#waiting.set(row.id, row);
        else if (shown === undefined) added.set(row.id, row);
        else if (shown.revision <= row.revision) this.#replace(row);
      }
      this.#insert(added);
      this.state.value = 'ready';
      this.problem.value = '';
      this.waiting.value = this.#waiting.size;
      this.#changed();
      after = page.next;
      if (isKnown && after !== null) return;
    } while (after !== null && this.rows.length < MAX_ROWS);
    if (after === null && !isNew && !this.#isHeld) this.#keepOnly(seen);
    this.isComplete.value = true;
  }

  #keepOnly(seen: ReadonlySet<string>): void {
    const gone = this.rows.filter(({ id }) => !seen.has(id));
    for (const { id } of gone) this.#remove(id);
    if (gone.length > 0) this.#changed();
  }

  #clear(): void {
    this.rows.length = 0;
    this.#byId.clear();
  }

  /** All at once: to make room in so long a list for one takes as long as for many. None of them is there yet. */
  #insert(byId: ReadonlyMap<string, TraceRow>): void {
    const { rows } = this;
    for (const [id, row] of byId) this.#byId.set(id, row);
    const added = [...byId.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    const [first] = added;
    if (first === undefined) return;
    const last = rows.at(-1);
    if (last === undefined || isBefore(last, first)) for (const row of added) rows.push(row);
    else {
      const room = added.length;
      for (let at = 0; at < room; at += AT_ONCE) rows.unshift(...added.slice(at, at + AT_ONCE));
      for (let next = 0, old = room, to = 0; next < room; to++) {
        rows[to] = old < rows.length && isBefore(rows[old]!, added[next]!) ? rows[old++]! : added[next++]!;
      }
    }
    while (rows.length > MAX_ROWS) this.#byId.delete(rows.pop()!.id);
  }

  #replace(row: TraceRow): void {
    const old = this.#byId.get(row.id)!;
    const at = this.#placeOf(old);
    if (old.start === row.start && this.rows[at] === old) {
      this.rows[at] = row;
      this.#byId.set(row.id, row);
      return;
    }
    this.#remove(row.id);
    this.#insert(new Map([[row.id, row]]));
  }

  #remove(id: string): void {
    const row = this.#byId.get(id);
    if (row === undefined) return;
    this.#byId.delete(id);
    const at = this.#placeOf(row);
    if (this.rows[at] === row) this.rows.splice(at, 1);
  }

  /** Where the row is, or would be: by start, then by id. */
  #placeOf(row: TraceRow): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.rows[middle]!, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #changed(): void {
    this.version.value = this.version.peek() + 1;
  }
}

function isBefore(a: TraceRow, b: TraceRow): boolean {
  return a.start === b.start ? a.id < b.id : a.start > b.start;
}

export const SORTS = ['start', 'name', 'services', 'status', 'duration', 'spans'] as const;
export type SortKey = (typeof SORTS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** `-duration` is longest first; "" is newest first. */
export function sortOf(text: string): Sort {
  const key = text.replace(/^-/, '') as SortKey;
  return SORTS.includes(key) ? { key, isDescending: text.startsWith('-') } : { key: 'start', isDescending: true };
}

/** Rows come newest first, and are given back as they are when that is what is asked for. What is running is as long as it has been at the time `at`. */
export function sorted(rows: readonly TraceRow[], { key, isDescending }: Sort, at = nowSeconds()): readonly TraceRow[] {
  if (key === 'start') return isDescending ? rows : rows.toReversed();
  const sign = isDescending ? -1 : 1;
  const value = VALUES[key];
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a, at), value(b, at)];
    return x === y ? 0 : x < y ? -sign : sign;
  });
}

const VALUES: Readonly<Record<Exclude<SortKey, 'start'>, (row: TraceRow, at: number) => string | number>> = {
  name: (row) => row.url ?? row.name,
  services: (row) => row.serviceCount,
  status: (row) => severityOf(row.outcome) * 1_000 + (row.status ?? 0),
  duration: (row, at) => lengthOf(row, at) ?? -1,
  spans: (row) => row.spans,
};
