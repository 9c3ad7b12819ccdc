import type { TraceView } from '../trace/trace-view.ts';

/** Cost of a trace in addition to its documents. */
const VIEW_BYTES = 2_000;

/** Caches assembled traces by row; the most recently used are kept. */
export class ViewCache {
  readonly #maxBytes: number;
  readonly #views = new Map<number, TraceView>();
  #bytes = 0;

  /** `maxBytes`: of the documents; in memory they are about five times as large. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** undefined if the trace has changed since. */
  get(row: number, { id, revision }: { readonly id: string; readonly revision: number }): TraceView | undefined {
    const view = this.#views.get(row);
    if (view === undefined || view.trace.revision !== revision || view.trace.id !== id) return undefined;
    this.#views.delete(row);
    this.#views.set(row, view);
    return view;
  }

  set(row: number, view: TraceView): void {
    const replaced = this.#views.get(row);
    if (replaced !== undefined) this.#forget(row, replaced);
    this.#views.set(row, view);
    this.#bytes += view.trace.bytes + VIEW_BYTES;
    for (const [oldest, oldestView] of this.#views) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#forget(oldest, oldestView);
    }
  }

  clear(): void {
    this.#views.clear();
    this.#bytes = 0;
  }

  #forget(row: number, view: TraceView): void {
    this.#views.delete(row);
    this.#bytes -= view.trace.bytes + VIEW_BYTES;
  }
}
