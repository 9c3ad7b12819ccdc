import { signal } from '@preact/signals';
import type { TraceRow } from '../../../src/api/page-types.ts';

/** New traces that wait, because the reader is looking at something: of very many those that came last. */
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

  /** All of them, which do not wait any more. */
  take(): ReadonlyMap<string, TraceRow> {
    const taken = this.#byId;
    this.#byId = new Map();
    this.count.value = 0;
    return taken;
  }

  /** It does not wait any more; it may have changed while it did. */
  newestOf(row: TraceRow): TraceRow {
    const waiting = this.#byId.get(row.id);
    this.delete(row.id);
    return waiting !== undefined && waiting.revision > row.revision ? waiting : row;
  }
}
