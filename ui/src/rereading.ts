import type { ReadonlySignal } from '@preact/signals';

/**
 * Reads something again after changes: one reading at a time, at least `leastMs` apart, and with a pause of `rest`
 * times the last reading's duration.
 */
export class Rereading {
  readonly #read: () => Promise<void>;
  readonly #leastMs: number;
  readonly #rest: number;
  #due: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  /** Changed during the current reading. */
  #isStale = false;
  #lastMs = -Infinity;
  #costMs = 0;

  constructor(read: () => Promise<void>, leastMs: number, rest = 2) {
    this.#read = read;
    this.#leastMs = leastMs;
    this.#rest = rest;
  }

  changed(): void {
    if (this.#isReading) this.#isStale = true;
    else
      this.#due ??= setTimeout(
        () => void this.now(),
        Math.max(0, this.#lastMs + Math.max(this.#leastMs, this.#rest * this.#costMs) - performance.now()),
      );
  }

  async now(): Promise<void> {
    this.stop();
    this.#isReading = true;
    const startedMs = performance.now();
    try {
      await this.#read();
    } finally {
      this.#isReading = false;
      this.#lastMs = performance.now();
      this.#costMs = this.#lastMs - startedMs;
      if (this.#isStale) {
        this.#isStale = false;
        this.changed();
      }
    }
  }

  /** Cancels a scheduled reading. */
  stop(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#isStale = false;
  }
}

/** Reads after `isPainted`: an expensive reading would otherwise compete for CPU with the paint. */
export function readAfter(isPainted: ReadonlySignal<boolean>, read: () => void): void {
  const forget = isPainted.subscribe((is) => {
    if (!is) return;
    read();
    // `forget` is not assigned yet if the signal is already true.
    queueMicrotask(() => forget());
  });
}
