import { signal } from '@preact/signals';
import type { TraceRow } from '../../../src/api/page-types.ts';

/** New traces held back while the list is in use; if there are too many, the most recent ones. */
export class WaitingRows {
  readonly count = signal(0);
  readonly #most: number;
  #byId = new Map<string, TraceRow>();

  constructor(most: number) {
    this.#most = most;
  }

  add(row: TraceRow): void {
    this.#byId.delete(row.id);
    this.#byId.set(row.id, row);
    for (const first of this.#byId.keys()) {
      if (this.#byId.size <= this.#most) break;
      this.#byId.delete(first);
    }
    this.count.value = this.#byId.size;
  }

  delete(id: string): void {
    if (this.#byId.delete(id)) this.count.value = this.#byId.size;
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#byId.keys()) if (!ids.has(id)) this.delete(id);
  }

  /** Removes and returns all of them. */
  take(): ReadonlyMap<string, TraceRow> {
    const taken = this.#byId;
    this.#byId = new Map();
    this.count.value = 0;
    return taken;
  }

  /** Removes the trace, and returns the more recent of the two rows. */
  newestOf(row: TraceRow): TraceRow {
    const waiting = this.#byId.get(row.id);
    this.delete(row.id);
    return waiting !== undefined && waiting.revision > row.revision ? waiting : row;
  }
}
