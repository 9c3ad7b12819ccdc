import { nextDelay } from './backoff.ts';

/**
 * Pause of all calls while the destination is unavailable or throttles; short enough to resume soon after it recovers.
 */
const PAUSE = { baseMs: 100, capMs: 5_000 };
/** The same during shutdown, when time is short. */
const PAUSE_IN_DRAIN = { baseMs: 100, capMs: 250 };
/** A single failure may be caused by the batch; two in a row are caused by the destination or the network. */
const FAILURES_OF_AN_OUTAGE = 2;

export interface CallFailure {
  readonly code: string;
  /** How long the destination asked to wait. */
  readonly afterMs?: number | undefined;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly isDraining: boolean;
}

/**
 * Limits how many calls may run at a time, and when, based on the results of recent calls. Knows nothing of batches.
 */
export class ConcurrencyLimiter {
  readonly #ceiling: number;
  readonly #random: () => number;
  #limit: number;
  #failures = 0;
  /** Consecutive failures. Concurrent calls that fail together count as one. */
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

  /** In an outage, one call at a time probes the destination. */
  get concurrency(): number {
    return this.isOutage ? 1 : Math.floor(this.#limit);
  }

  get isOutage(): boolean {
    return this.#failures >= FAILURES_OF_AN_OUTAGE;
  }

  /** No call may start before this time, on the monotonic clock. */
  get pausedUntilMs(): number {
    return this.#pausedUntilMs;
  }

  /** The current problem, for a person; undefined if the last call was answered. */
  get problem(): string | undefined {
    return this.#failures === 0 ? undefined : `the last ${this.#failures} calls failed: ${this.#lastFailure}`;
  }

  /** When the destination last accepted or refused a batch; -Infinity before the first. */
  get answeredAtMs(): number {
    return this.#answeredAtMs;
  }

  /**
   * The destination accepted or refused a batch, so it is available. Additive increase: about one more call per round
   * of answers.
   */
  answered(nowMs: number): void {
    this.#answeredAtMs = nowMs;
    this.#limit = Math.min(this.#ceiling, this.#limit + 1 / this.#limit);
    this.#failures = 0;
    this.#rounds = 0;
    this.#roundFailedAtMs = -Infinity;
    this.#pausedUntilMs = 0;
  }

  /**
   * A call that started at `startedMs` must be retried. Multiplicative decrease if more calls would make things worse.
   * The pause grows per round: thirty calls that time out together say no more about the length of the outage than one.
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
    this.#pausedUntilMs =
      nowMs + nextDelay(this.#rounds - 1, isDraining ? PAUSE_IN_DRAIN : PAUSE, this.#random, afterMs);
  }

  resume(): void {
    this.#pausedUntilMs = 0;
  }
}
