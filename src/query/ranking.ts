import { lengthOf, statusRank, type RowsWindow, type RowTotals, type SortKey, type TraceRow } from './answers.ts';
import type { Search } from '../filter/search.ts';
import { nameInOrder } from './name-in-order.ts';
import type { Started, TraceSource } from './source.ts';
import { pointOf, rowOf } from './row.ts';
import { found } from './trace-summaries.ts';
import type { TraceView } from '../trace/trace-view.ts';

/** Selects traces: those that started in the range, in seconds since the epoch, and match. */
export interface Selection extends Search, Started {}

export interface Order {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** The end of a page of an order. */
export interface OrderCursor {
  readonly value: string | number;
  readonly row: number;
  /** Seconds since the epoch: the time up to which running traces were counted. */
  readonly at: number;
}

export interface OrderedRequest extends Selection {
  readonly order: Order;
  readonly after: OrderCursor | undefined;
  readonly limit: number;
}

export interface WindowRequest extends Selection {
  readonly order: Order;
  /** Number of traces before the first requested one. */
  readonly skip: number;
  readonly limit: number;
  /** From the previous window; a new order is created if it is unknown or expired. */
  readonly ranking: string | undefined;
  /** The ID of a trace whose position is requested. */
  readonly find: string | undefined;
}

export interface OrderedPage {
  readonly rows: readonly TraceRow[];
  readonly next: OrderCursor | undefined;
}

/** A sorted list of traces. */
interface Positions {
  readonly name: string;
  /** Rows of the table of traces, 8 bytes each. */
  readonly rows: Float64Array;
  readonly at: number;
}

interface Ranking {
  readonly of: string;
  readonly madeMs: number;
  readonly ranked: readonly OrderCursor[];
}

/** Limit of sorted traces, the newest matches. Each costs up to 150 bytes while its order is cached. */
const MAX_RANKED = 200_000;
/** Divisor of the response limit: with less memory, fewer traces are sorted. */
const BYTES_A_RANKED = 40;
/** Traces that were not examined by then are left out; totals say so. */
const LONGEST_MS = 20_000;
const TOTALS_MS = 2_000;
/** Pages use the order of the first one for this long; after that it is sorted again. */
const KEPT_MS = 60_000;
/** Number of cached orders: one for each list that somebody looks at. */
const KEPT_POSITIONS = 4;

/** Sorts all matching traces and counts them. Caches the last order for its further pages. */
export class Rankings {
  readonly #reader: TraceSource;
  readonly #nowMs: () => number;
  readonly #maxRanked: number;
  #last: Ranking | undefined;
  /** Most recently used last. */
  readonly #positions = new Map<string, Positions>();
  #made = 0;

  /** `nowMs`: the wall clock, since the epoch. */
  constructor(reader: TraceSource, nowMs: () => number) {
    this.#reader = reader;
    this.#nowMs = nowMs;
    this.#maxRanked = Math.min(MAX_RANKED, Math.floor(reader.budget.maxAnswerBytes / BYTES_A_RANKED));
  }

  /** Seconds since the epoch. */
  now(): number {
    return this.#nowMs() / 1000;
  }

  /**
   * Among equal traces, the newest first. Keys that the table of traces lacks (spans, services, matches of an
   * expression or words) are sorted once: a trace that arrives or changes after the first page keeps its place until
   * they are sorted again.
   */
  async page({ order, after, limit, ...set }: OrderedRequest): Promise<OrderedPage> {
    if (set.filter === undefined && set.text === undefined && this.#reader.orders.has(order.key))
      return this.#tablePage(set, order, after, limit);
    const ranked = await this.#ranked(set, order, after !== undefined);
    const begin = after === undefined ? 0 : placeAfter(ranked, after, order);
    const rows: TraceRow[] = [];
    let at = begin;
    for (let bytes = 0; at < ranked.length && rows.length < limit && bytes < this.#reader.budget.maxAnswerBytes; at++) {
      const view = this.#reader.traceAt(ranked[at]!.row);
      // It may have been deleted.
      if (view === undefined) continue;
      rows.push(rowOf(view));
      bytes += view.trace.bytes;
    }
    return { rows, next: at < ranked.length && at > 0 ? ranked[at - 1] : undefined };
  }

  /**
   * Where clocks disagree, a row is shorter than in the table, and comes at most too early: the order within a page is
   * corrected.
   */
  #tablePage(set: Started, order: Order, after: OrderCursor | undefined, limit: number): OrderedPage {
    const at = after?.at ?? this.now();
    const rows: TraceRow[] = [];
    let last: OrderCursor | undefined;
    let bytes = 0;
    for (const { view, value, row } of this.#reader.inOrder({ ...set, ...order, at, after, limit })) {
      rows.push(rowOf(view));
      bytes += view.trace.bytes;
      last = { value, row, at };
      if (bytes >= this.#reader.budget.maxAnswerBytes) break;
    }
    const isMore = rows.length === limit || bytes >= this.#reader.budget.maxAnswerBytes;
    const ranked = rows.map((row, i) => ({ row, cursor: { value: valueOf(row, order.key, at), row: -i, at } }));
    ranked.sort((a, b) => compare(a.cursor, b.cursor, order));
    return { rows: ranked.map(({ row }) => row), next: isMore ? last : undefined };
  }

  /**
   * Part of the order from any position. The order stays the same until it expires, whatever arrives or changes;
   * deleted traces are left out.
   */
  async window({ order, skip, limit, ranking, find, ...set }: WindowRequest): Promise<RowsWindow> {
    const positions =
      (ranking === undefined ? undefined : this.#positions.get(ranking)) ?? (await this.#positionsOf(set, order));
    this.#positions.delete(positions.name);
    this.#positions.set(positions.name, positions);
    for (const name of this.#positions.keys()) {
      if (this.#positions.size <= KEPT_POSITIONS) break;
      this.#positions.delete(name);
    }
    const found = find === undefined ? undefined : this.#reader.rowOf(find);
    const rows: TraceRow[] = [];
    let looked = 0;
    for (
      let [at, bytes] = [skip, 0];
      at < positions.rows.length && at < skip + limit && bytes < this.#reader.budget.maxAnswerBytes;
      at++
    ) {
      looked++;
      const view = this.#reader.traceAt(positions.rows[at]!);
      if (view === undefined) continue;
      rows.push(rowOf(view));
      bytes += view.trace.bytes;
    }
    const sorted = rows.map((row, i) => ({
      row,
      place: { value: valueOf(row, order.key, positions.at), row: -i, at: 0 },
    }));
    if (order.key !== 'start') sorted.sort((a, b) => compare(a.place, b.place, order));
    const position = found === undefined ? -1 : positions.rows.indexOf(found);
    return {
      rows: [...sorted.map(({ row }) => row), ...Array.from({ length: looked - rows.length }, () => null)],
      ranking: positions.name,
      traces: positions.rows.length,
      found: position < 0 ? null : position,
    };
  }

  async #positionsOf(set: Selection, order: Order): Promise<Positions> {
    const at = this.now();
    const name = `${process.pid.toString(36)}-${(++this.#made).toString(36)}-${Math.round(at).toString(36)}`;
    if (set.filter !== undefined || set.text !== undefined || !this.#reader.orders.has(order.key)) {
      const ranked = await this.#ranked(set, order, true);
      return { name, at, rows: Float64Array.from(ranked, ({ row }) => row) };
    }
    return { name, at, rows: this.#reader.rowsInOrder({ ...set, ...order, at, limit: this.#maxRanked }) };
  }

  /** The number of matches, and the longest of them. */
  async totals(set: Selection): Promise<RowTotals> {
    if (set.filter === undefined && set.text === undefined) {
      return { ...this.#reader.totals(set, (view) => completeLength(rowOf(view))), isExact: true };
    }
    let traces = 0;
    let longest: number | null = null;
    const untilMs = performance.now() + TOTALS_MS;
    for await (const { view } of found(this.#reader, { type: 'TraceId', start: set.start, end: set.end }, set)) {
      traces++;
      const length = completeLength(rowOf(view));
      if (length !== null) longest = Math.max(longest ?? 0, length);
      if (performance.now() > untilMs) return { traces, isExact: false, longest };
    }
    return { traces, isExact: true, longest };
  }

  async #ranked(set: Selection, order: Order, isFurther: boolean): Promise<readonly OrderCursor[]> {
    const of = JSON.stringify([set, order]);
    if (isFurther && this.#last?.of === of && performance.now() - this.#last.madeMs < KEPT_MS) return this.#last.ranked;
    const ranked: OrderCursor[] = [];
    const at = this.now();
    const untilMs = performance.now() + LONGEST_MS;
    for await (const { view, cursor } of found(
      this.#reader,
      { type: 'TraceId', start: set.start, end: set.end },
      set,
    )) {
      ranked.push({ value: valueIn(view, order.key, at), row: cursor.row, at });
      if (ranked.length >= this.#maxRanked || performance.now() > untilMs) break;
    }
    ranked.sort((a, b) => compare(a, b, order));
    this.#last = { of, madeMs: performance.now(), ranked };
    return ranked;
  }
}

function completeLength(row: TraceRow): number | null {
  return row.isOpen ? null : row.duration;
}

/** The sort key of a row, as the page sorts its rows. A running trace is as long as it has been running. */
function valueOf(row: TraceRow, key: SortKey, now: number): string | number {
  switch (key) {
    case 'start':
      return row.start;
    case 'name':
      return nameInOrder(row.url ?? row.name);
    case 'services':
      return row.serviceCount;
    case 'status':
      return statusRank(row.outcome, row.status);
    case 'duration':
      return lengthOf(row, now) ?? -1;
    case 'spans':
      return row.spans;
  }
}

/** `valueOf` of a trace's row, without building the whole row where possible. */
function valueIn(view: TraceView, key: SortKey, now: number): string | number {
  if (key !== 'start' && key !== 'duration') return valueOf(rowOf(view), key, now);
  return key === 'start' ? pointOf(view).start : (lengthOf(pointOf(view), now) ?? -1);
}

function compare(a: OrderCursor, b: OrderCursor, { isDescending }: Order): number {
  if (a.value === b.value) return b.row - a.row;
  return a.value < b.value === isDescending ? 1 : -1;
}

function placeAfter(ranked: readonly OrderCursor[], cursor: OrderCursor, order: Order): number {
  let low = 0;
  let high = ranked.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(ranked[middle]!, cursor, order) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
