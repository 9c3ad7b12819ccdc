import type { TraceRow } from '../../../src/api/page-types.ts';

/** Maximum number of arguments of one call: tens of thousands do not fit on the stack. */
const AT_ONCE = 10_000;

/** Rows of traces by their start, newest first, and by id. */
export class SortedRows {
  /** Only this class changes it. */
  readonly all: TraceRow[] = [];
  readonly #byId = new Map<string, TraceRow>();

  get(id: string): TraceRow | undefined {
    return this.#byId.get(id);
  }

  clear(): void {
    this.all.length = 0;
    this.#byId.clear();
  }

  /**
   * Inserts new rows, all at once: shifting a long array costs the same for one as for many. Beyond `most` rows, the
   * oldest are removed.
   */
  insert(byId: ReadonlyMap<string, TraceRow>, most = Infinity): void {
    const rows = this.all;
    for (const [id, row] of byId) this.#byId.set(id, row);
    const added = [...byId.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
    const [first] = added;
    if (first === undefined) return;
    const last = rows.at(-1);
    if (last === undefined || isBefore(last, first)) for (const row of added) rows.push(row);
    else {
      const inserted = added.length;
      for (let at = 0; at < inserted; at += AT_ONCE) rows.unshift(...added.slice(at, at + AT_ONCE));
      for (let next = 0, old = inserted, to = 0; next < inserted; to++) {
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

  /** The position of the row, present or not: by start, then by ID. */
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

  /** Removes rows that started before `start`. */
  forgetBefore(start: number): void {
    const kept = this.all.findLastIndex((row) => row.start >= start) + 1;
    for (const { id } of this.all.splice(kept)) this.#byId.delete(id);
  }
}

function isBefore(a: TraceRow, b: TraceRow): boolean {
  return a.start === b.start ? a.id < b.id : a.start > b.start;
}
