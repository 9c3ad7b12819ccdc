/** Shares of the budget: memory becomes short above the first, and stops being short below the second. */
const SHORT_ABOVE = 0.75;
const SHORT_UNTIL = 0.5;

/** Reports when most of a budget is in use and when that is over, with hysteresis. */
export class MemoryWatch {
  readonly #budgetBytes: number;
  readonly #onShort: ((isShort: boolean) => void) | undefined;
  #isShort = false;

  constructor(budgetBytes: number, onShort: ((isShort: boolean) => void) | undefined) {
    this.#budgetBytes = budgetBytes;
    this.#onShort = onShort;
  }

  note(bytes: number): void {
    const isShort = bytes > this.#budgetBytes * (this.#isShort ? SHORT_UNTIL : SHORT_ABOVE);
    if (isShort === this.#isShort) return;
    this.#isShort = isShort;
    this.#onShort?.(isShort);
  }
}
