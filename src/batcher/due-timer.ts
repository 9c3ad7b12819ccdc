/** One timer for the next work that becomes due. */
export class DueTimer {
  readonly #act: () => void;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Infinity;

  constructor(act: () => void) {
    this.#act = act;
  }

  /** Calls `act` at `atMs`, and at no earlier time that was set before; never if it is Infinity. */
  set(atMs: number, nowMs: number): void {
    if (atMs === this.#atMs) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#atMs = atMs;
    if (atMs !== Infinity) this.#timer = setTimeout(() => this.#onDue(), atMs - nowMs);
  }

  #onDue(): void {
    this.#atMs = Infinity;
    this.#act();
  }
}
