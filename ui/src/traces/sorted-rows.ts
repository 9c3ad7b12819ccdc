import type { TraceRow } from '../../../src/api/page-types.ts';

/** Arguments of one call: more than some tens of thousands do not fit on a stack. */
const AT_ONCE = 10_000;

/** Rows of traces by their start, newest first, and by id. */
export class SortedRows {
  /** Never changed by others. */
  readonly all: TraceRow[] = [];
  readonly #byId = new Map<string, TraceRow>();

  get(id: string): TraceRow | undefined {
    return this.#byId.get(id);
  }

  clear(): void {
    this.all.length = 0;
    this.#byId.clear();
  }

  /** All at once: to make room in so long a list for one takes as long as for many. None of them is there yet. Of more than `most` the oldest go. */
  insert(byId: ReadonlyMap<string, TraceRow>, most = Infinity): void {
    const rows = this.all;
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
    for (const { id } of rows.splice(most)) this.#byId.delete(id);
  }

  replace(row: TraceRow): void {
    const old = this.#byId.get(row.id);
    if (old === undefined) return;
    const at = this.#placeOf(old);
    if (old.start === row.start && this.all[at] === old) {
      this.all[at] = row;
      this.#byId.set(row.id, row);
      return;
    }
    this.remove(row.id);
    this.insert(new Map([[row.id, row]]));
  }

  remove(id: string): void {
    const row = this.#byId.get(id);
    if (row === undefined) return;
    this.#byId.delete(id);
    const at = this.#placeOf(row);
    if (this.all[at] === row) this.all.splice(at, 1);
  }

  /** Where the row is, or would be: by start, then by id. */
  #placeOf(row: TraceRow): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.all[middle]!, row)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Those that began before `start` go. */
  forgetBefore(start: number): void {
    const kept = this.all.findLastIndex((row) => row.start >= start) + 1;
    for (const { id } of this.all.splice(kept)) this.#byId.delete(id);
  }
}

function isBefore(a: TraceRow, b: TraceRow): boolean {
  return a.start === b.start ? a.id < b.id : a.start > b.start;
}
