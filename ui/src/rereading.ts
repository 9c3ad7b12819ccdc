import type { ReadonlySignal } from '@preact/signals';

/** Reads something again when it has changed: not more often than every `leastMs`, with a pause of `rest` times what the last reading took, and one reading at a time. */
export class Rereading {
  readonly #read: () => Promise<void>;
  readonly #leastMs: number;
  readonly #rest: number;
  #due: ReturnType<typeof setTimeout> | undefined;
  #isReading = false;
  /** Changed while it was read. */
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

  /** What was to be read again is not. */
  stop(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#isStale = false;
  }
}

/** Reads once `isPainted`: what takes the store longer than what is waited for would take the cores that paint it. */
export function readAfter(isPainted: ReadonlySignal<boolean>, read: () => void): void {
  const forget = isPainted.subscribe((is) => {
    if (!is) return;
    read();
    // Not known yet when it is true already.
    queueMicrotask(() => forget());
  });
}
