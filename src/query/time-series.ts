import { double } from '../json/aws-json.ts';
import type { Outcome } from '../trace/model.ts';
import { Statistics } from './statistics.ts';

export interface TimeSeriesConfig {
  readonly start: number;
  readonly end: number;
  readonly periodSeconds: 60 | 300;
  /** Whether the statistics are of services or of calls. */
  readonly kind: 'service' | 'edge';
}

/**
 * Sums up requests by the minute, or five minutes, in which they were received. Times are in seconds since the epoch.
 */
export class TimeSeries {
  readonly #config: TimeSeriesConfig;
  readonly #buckets = new Map<number, Statistics>();

  constructor(config: TimeSeriesConfig) {
    this.#config = config;
  }

  /** The bucket of `receivedAt`, even if nothing is added to it. */
  touch(receivedAt: number): Statistics | undefined {
    const { start, end, periodSeconds } = this.#config;
    const timestamp = (Math.floor(receivedAt / periodSeconds) + 1) * periodSeconds;
    if (timestamp < start || timestamp >= end) return undefined;
    let bucket = this.#buckets.get(timestamp);
    if (bucket === undefined) {
      bucket = new Statistics();
      this.#buckets.set(timestamp, bucket);
    }
    return bucket;
  }

  add(receivedAt: number, outcome: Outcome, seconds: number): void {
    this.touch(receivedAt)?.add(outcome, seconds);
  }

  /** Newest first; the time of a bucket is its end. Empty buckets are left out. Source: recorded answers of X-Ray. */
  members(): object[] {
    const { kind } = this.#config;
    return [...this.#buckets]
      .sort(([a], [b]) => b - a)
      .map(([timestamp, statistics]) => {
        const members = statistics.total === 0 ? null : statistics.members();
        return {
          Timestamp: double(timestamp),
          EdgeSummaryStatistics: kind === 'edge' ? members : null,
          ServiceSummaryStatistics: kind === 'service' ? members : null,
          ServiceForecastStatistics: { FaultCountHigh: null, FaultCountLow: null },
          ResponseTimeHistogram: statistics.total === 0 ? null : statistics.histogram(),
        };
      });
  }
}
