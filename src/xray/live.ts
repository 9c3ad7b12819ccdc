import { randomUUID } from 'node:crypto';

/** Which traces changed, and when: what a listener missed is there for a while, and what is gone makes it read everything anew. */
export class LiveFeed {
  /** Numbers are of one run: a listener that comes back after a restart begins anew. */
  readonly run: string = randomUUID();
  readonly #listeners = new Set<() => void>();
  /** Newest last; of a trace only its last change. */
  readonly #changes = new Map<string, number>();
  #last = 0;
  /** Changes up to this one may be missing. */
  #forgotten = 0;

  /** Number of the last change. */
  get last(): number {
    return this.#last;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  changed(traceIds: readonly string[]): void {
    for (const id of traceIds) {
      this.#changes.delete(id);
      this.#changes.set(id, ++this.#last);
    }
    for (const [id, number] of this.#changes) {
      if (this.#changes.size <= MAX_CHANGES) break;
      this.#changes.delete(id);
      this.#forgotten = number;
    }
    for (const listener of this.#listeners) listener();
  }

  /** Whoever listens has to read everything anew. */
  everythingChanged(): void {
    this.#changes.clear();
    this.#forgotten = ++this.#last;
    for (const listener of this.#listeners) listener();
  }

  /** Traces that changed after change `number`, oldest first; undefined when some of them are forgotten. */
  since(number: number): readonly string[] | undefined {
    if (number < this.#forgotten || number > this.#last) return undefined;
    const ids: string[] = [];
    for (const [id, at] of [...this.#changes].toReversed()) {
      if (at <= number) break;
      ids.push(id);
    }
    return ids.toReversed();
  }

  /** Calls `listener` after each change until the function that it returns is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** As many as a page shows when it comes back after a pause. */
const MAX_CHANGES = 5_000;
