export interface BackoffConfig {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Full jitter: anything between 0 and min(cap, base × 2^attempt), so that many daemons do not come back together.
 * `attempt` counts from 0; `random` gives [0, 1). What the service asked for (`afterMs`) is the least.
 */
export function nextDelay(attempt: number, config: BackoffConfig, random: () => number, afterMs = 0): number {
  const ceiling = Math.min(config.capMs, config.baseMs * 2 ** Math.min(attempt, 20));
  return Math.max(afterMs, Math.round(random() * ceiling));
}
