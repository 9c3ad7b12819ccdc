import { parseDate, wallClockMs } from '../pipeline/clock.ts';
/**
 * AWS accepts signatures up to 5 minutes old; the SDKs correct their clock from 4 on. Source: SigV4 documentation;
 * @aws-sdk/core isClockSkewed.
 */
const TOLERATED_MS = 4 * 60_000;

/** X-Ray's time: this machine's clock, corrected if X-Ray refuses a request and its Date header shows a skew. */
export class ServiceClock {
  readonly #now: () => number;
  #skewMs = 0;

  constructor(now: () => number = wallClockMs) {
    this.#now = now;
  }

  /** How far X-Ray is ahead of this machine. */
  get skewMs(): number {
    return this.#skewMs;
  }

  nowMs(): number {
    return this.#now() + this.#skewMs;
  }

  /**
   * Whether to sign a refused request again: its response has status 400 or 403, and a Date far from the time of the
   * signature.
   */
  correct(status: number, date: string | undefined, signedMs: number): boolean {
    if ((status !== 400 && status !== 403) || date === undefined) return false;
    const theirsMs = parseDate(date);
    if (Number.isNaN(theirsMs) || Math.abs(theirsMs - signedMs) < TOLERATED_MS) return false;
    // A concurrent call may already have corrected it.
    if (Math.abs(theirsMs - this.nowMs()) >= TOLERATED_MS) this.#skewMs = theirsMs - this.#now();
    return true;
  }
}
