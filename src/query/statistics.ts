import { double, seconds } from '../json/aws-json.ts';
import type { Outcome } from '../trace/model.ts';
import { requestOutcome } from '../trace/outcome.ts';

/**
 * Beyond this number of distinct values, neighbours of similar size are merged. AWS merges too, by unpublished rules.
 */
const MAX_HISTOGRAM = 100;

/** Limit of distinct times; beyond it they are rounded to three digits. */
const MAX_TIMES = 2_000;

/** Counts requests by outcome and duration. */
export class Statistics {
  ok = 0;
  error = 0;
  throttle = 0;
  fault = 0;
  seconds = 0;
  /** Requests by response time in whole ms. */
  readonly #times = new Map<number, number>();

  add(outcome: Outcome, seconds: number): void {
    this[requestOutcome(outcome)]++;
    this.seconds += seconds;
    const exactMs = Math.round(seconds * 1000);
    const ms = this.#times.size < MAX_TIMES || this.#times.has(exactMs) ? exactMs : Number(exactMs.toPrecision(3));
    this.#times.set(ms, (this.#times.get(ms) ?? 0) + 1);
  }

  /** Number of times that are counted separately. */
  get distinct(): number {
    return this.#times.size;
  }

  get total(): number {
    return this.ok + this.error + this.throttle + this.fault;
  }

  /** As ServiceSummaryStatistics and EdgeSummaryStatistics. */
  members(): object {
    const { ok, error, throttle, fault, total } = this;
    return {
      OkCount: ok,
      ErrorStatistics: { ThrottleCount: throttle, OtherCount: error, TotalCount: throttle + error },
      FaultStatistics: { OtherCount: fault, TotalCount: fault },
      TotalCount: total,
      TotalResponseTime: seconds(this.seconds),
    };
  }

  /** `[{Value: seconds, Count}]`. */
  histogram(): object[] {
    return histogramOf(this.#times).map(({ ms, count }) => ({ Value: double(ms / 1000), Count: count }));
  }
}

function histogramOf(times: ReadonlyMap<number, number>): { ms: number; count: number }[] {
  const entries = [...times].map(([ms, count]) => ({ ms, count }));
  if (entries.length <= MAX_HISTOGRAM) return entries;
  entries.sort((a, b) => a.ms - b.ms);
  const total = entries.reduce((sum, { count }) => sum + count, 0);
  const merged: { ms: number; count: number }[] = [];
  let sum = 0;
  let count = 0;
  for (const entry of entries) {
    sum += entry.ms * entry.count;
    count += entry.count;
    if (count < total / MAX_HISTOGRAM) continue;
    merged.push({ ms: Math.round(sum / count), count });
    sum = 0;
    count = 0;
  }
  if (count > 0) merged.push({ ms: Math.round(sum / count), count });
  return merged;
}
