import { nextDelay } from './backoff.ts';

/** Shared by all workers while the destination is unavailable or throttles; short enough to drain at once when it is back. */
const PAUSE = { baseMs: 100, capMs: 5_000 };
/** The same while the daemon stops, when there is no time to be patient. */
const PAUSE_IN_DRAIN = { baseMs: 100, capMs: 250 };
/** One failure may be the batch's fault; two in a row are the destination's or the network's. */
const FAILURES_OF_AN_OUTAGE = 2;

export interface CallFailure {
  readonly code: string;
  /** How long the destination asked to wait. */
  readonly afterMs?: number | undefined;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly isDraining: boolean;
}

/** How many calls may run at one time, and from when: learnt from how the last ones went. Knows no batches. */
export class ConcurrencyLimiter {
  readonly #ceiling: number;
  readonly #random: () => number;
  #limit: number;
  #failures = 0;
  /** Failures that came one after the other. Calls that ran beside each other and failed together are one. */
  #rounds = 0;
  #roundFailedAtMs = -Infinity;
  #lastFailure = '';
  #pausedUntilMs = 0;
  #answeredAtMs = -Infinity;

  constructor(ceiling: number, random: () => number) {
    this.#ceiling = ceiling;
    this.#random = random;
    this.#limit = ceiling;
  }

  /** In an outage one call at a time probes. */
  get concurrency(): number {
    return this.isOutage ? 1 : Math.floor(this.#limit);
  }

  get isOutage(): boolean {
    return this.#failures >= FAILURES_OF_AN_OUTAGE;
  }

  /** No call before this moment, on the monotonic clock. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /** What is wrong, in words; undefined when the last call was answered. */
  get problem(): string | undefined {
    return this.#failures === 0 ? undefined : `the last ${this.#failures} calls failed: ${this.#lastFailure}`;
  }

  /** When the destination last accepted or refused a batch; -Infinity before the first. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /** The destination accepted or refused a batch, so it is available. Additive increase, about one more call for each round of answers. */
  answered(nowMs: number): void {
    this.#answeredAtMs = nowMs;
    this.#limit = Math.min(this.#ceiling, this.#limit + 1 / this.#limit);
    this.#failures = 0;
    this.#rounds = 0;
    this.#roundFailedAtMs = -Infinity;
    this.#pausedUntilMs = 0;
  }

  /**
   * A call that began at `startedMs` is to be made again. Multiplicative decrease where more calls would make it worse.
   * The pause grows with each round: thirty calls that hang at once say no more about how long the outage will last than one does.
   */
  failed({ code, afterMs, startedMs, nowMs, isDraining }: CallFailure): void {
    if (code === 'throttled' || code === 'timeout') this.#limit = Math.max(1, this.#limit / 2);
    this.#failures++;
    this.#lastFailure = code;
    if (startedMs >= this.#roundFailedAtMs) {
      this.#rounds++;
      this.#roundFailedAtMs = nowMs;
    }
    if (code !== 'throttled' && !this.isOutage) return;
    this.#pausedUntilMs = nowMs + nextDelay(this.#rounds - 1, isDraining ? PAUSE_IN_DRAIN : PAUSE, this.#random, afterMs);
  }

  resume(): void {
    this.#pausedUntilMs = 0;
  }
}
