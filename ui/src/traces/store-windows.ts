import type { RowsWindow, TraceRow } from '../../../src/api/page-types.ts';
import { readWindow, type Query } from '../api.ts';

/** Rows per window. */
const WINDOW = 200;
/** The number of cached windows; the least recently used is dropped. */
const KEPT = 12;
/** A failed request is repeated after this time. */
const RETRY_MS = 2_000;

/**
 * Matches in an order of the store, by position from 0. Only windows in view are loaded; the order is a snapshot until
 * `drop`.
 */
export class StoreWindows {
  readonly sort: string;
  readonly #query: Query;
  readonly #onChanged: () => void;
  readonly #stop = new AbortController();
  /** By number, least recently used first. A deleted trace is null. */
  readonly #windows = new Map<number, readonly (TraceRow | null)[]>();
  readonly #places = new Map<string, number>();
  /** Positions requested from the store: null if the trace is not in the order, undefined until answered. */
  readonly #located = new Map<string, number | null | undefined>();
  #wanted: readonly number[] = [];
  #isReading = false;
  #ranking: string | undefined;
  #traces: number | undefined;

  /** `sort` as in the address; "" is newest first. `onChanged` is called when more is here. */
  constructor(query: Query, sort: string, onChanged: () => void) {
    this.#query = query;
    this.sort = sort;
    this.#onChanged = onChanged;
  }

  /** The number of sorted traces; undefined before the first answer. */
  get traces(): number | undefined {
    return this.#traces;
  }

  drop(): void {
    this.#stop.abort();
  }

  at(position: number): TraceRow | undefined {
    return this.#windows.get(Math.floor(position / WINDOW))?.[position % WINDOW] ?? undefined;
  }

  get(id: string): TraceRow | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.at(place);
  }

  /** The position of a trace, if known; -1 otherwise. */
  placeOf(id: string): number {
    return this.#places.get(id) ?? this.#located.get(id) ?? -1;
  }

  /** Requests the position of a trace; false if it is already settled. */
  locate(id: string): boolean {
    if (this.#places.has(id)) return false;
    if (!this.#located.has(id)) {
      this.#located.set(id, undefined);
      this.#go();
    }
    return this.#located.get(id) === undefined;
  }

  /** A changed row keeps its position. */
  replace(row: TraceRow): boolean {
    const place = this.#places.get(row.id);
    if (place === undefined) return false;
    const number = Math.floor(place / WINDOW);
    const rows = this.#windows.get(number) ?? [];
    if ((rows[place % WINDOW]?.revision ?? 0) <= row.revision)
      this.#windows.set(number, rows.with(place % WINDOW, row));
    return true;
  }

  /**
   * Requests the visible rows, from `first` up to, not including, `last`. Pending requests for other rows are dropped.
   */
  want(first: number, last: number): void {
    const from = Math.max(0, Math.floor(first / WINDOW));
    const to = Math.floor(Math.max(first, Math.min(last, this.#traces ?? last) - 1) / WINDOW);
    const wanted: number[] = [];
    for (let number = from; number <= to; number++) {
      const rows = this.#windows.get(number);
      if (rows === undefined) wanted.push(number);
      else {
        this.#windows.delete(number);
        this.#windows.set(number, rows);
      }
    }
    this.#wanted = wanted;
    this.#go();
  }

  /** One request at a time: the first answer names the ranking. */
  #go(): void {
    if (!this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      for (;;) {
        const id = [...this.#located].find(([, place]) => place === undefined)?.[0];
        const number = this.#wanted.find((each) => !this.#windows.has(each));
        if (id !== undefined) await this.#readPlace(id);
        else if (number !== undefined) await this.#readWindow(number);
        else return;
        this.#onChanged();
      }
    } catch {
      // The lost connection is reported elsewhere; the request is repeated.
      if (!this.#stop.signal.aborted) setTimeout(() => this.#go(), RETRY_MS);
    } finally {
      this.#isReading = false;
    }
  }

  async #readWindow(number: number): Promise<void> {
    const rows: (TraceRow | null)[] = [];
    // Answers are limited in size: a window of large traces takes several.
    do {
      const skip = number * WINDOW + rows.length;
      const answer = await readWindow(
        this.#query,
        { sort: this.sort, skip, limit: WINDOW - rows.length, ranking: this.#ranking },
        this.#stop.signal,
      );
      if (this.#take(answer)) rows.length = 0;
      if (answer.rows.length === 0) break;
      if (skip === number * WINDOW + rows.length) rows.push(...answer.rows);
    } while (rows.length < WINDOW && number * WINDOW + rows.length < (this.#traces ?? 0));
    this.#keep(number, rows);
  }

  async #readPlace(id: string): Promise<void> {
    const answer = await readWindow(
      this.#query,
      { sort: this.sort, skip: 0, limit: 1, ranking: this.#ranking, find: id },
      this.#stop.signal,
    );
    this.#take(answer);
    this.#located.set(id, answer.found);
  }

  /** Returns whether the ranking has changed. */
  #take({ ranking, traces }: RowsWindow): boolean {
    this.#traces = traces;
    const isOther = this.#ranking !== undefined && this.#ranking !== ranking;
    this.#ranking = ranking;
    if (isOther) {
      this.#windows.clear();
      this.#places.clear();
      this.#located.clear();
    }
    return isOther;
  }

  #keep(number: number, rows: readonly (TraceRow | null)[]): void {
    this.#windows.set(number, rows);
    for (const [i, row] of rows.entries()) if (row !== null) this.#places.set(row.id, number * WINDOW + i);
    for (const [oldest, forgotten] of this.#windows) {
      if (this.#windows.size <= KEPT) return;
      this.#windows.delete(oldest);
      for (const row of forgotten) if (row !== null) this.#places.delete(row.id);
    }
  }
}
