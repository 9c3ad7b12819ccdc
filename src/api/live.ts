import { randomUUID } from 'node:crypto';

/**
 * Which traces changed, in order. A listener that missed recent changes can catch up; one that missed older changes
 * reloads everything.
 */
export class LiveFeed {
  /** Change numbers are valid within one run: after a restart, a listener starts over. */
  readonly run: string = randomUUID();
  readonly #listeners = new Set<() => void>();
  /** The traces of the last changes, newest last. */
  #ids: string[] = [];
  #last = 0;

  /** Number of the last change. */
  get last(): number {
    return this.#last;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  changed(traceIds: readonly string[]): void {
    for (const id of traceIds) this.#ids.push(id);
    this.#last += traceIds.length;
    if (this.#ids.length > 2 * MIN_CHANGES) this.#ids = this.#ids.slice(-MIN_CHANGES);
    for (const listener of this.#listeners) listener();
  }

  /** All listeners must reload everything. */
  everythingChanged(): void {
    this.#ids = [];
    this.#last++;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Traces that changed after change `number`, each at its last change, oldest first; undefined if some are no longer
   * known.
   */
  since(number: number): readonly string[] | undefined {
    const changes = this.#last - number;
    if (changes < 0 || changes > this.#ids.length) return undefined;
    const newestFirst = this.#ids.slice(this.#ids.length - changes).toReversed();
    return [...new Set(newestFirst)].toReversed();
  }

  /** Calls `listener` after each change until the function that it returns is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/**
 * At least as many as a page shows when it reconnects. Older changes are dropped in one go once there are twice as
 * many: a map of each trace's last change took a tenth of the main thread's time at 20,000 changes per second.
 */
const MIN_CHANGES = 5_000;
