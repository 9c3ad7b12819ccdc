export interface BackoffConfig {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Full jitter: a random delay between 0 and min(cap, base × 2^attempt), so that many daemons do not retry at the same
 * time.
 * `attempt` counts from 0; `random` returns [0, 1). The delay is at least `afterMs`, which the service asked for.
 */
export function nextDelay(attempt: number, config: BackoffConfig, random: () => number, afterMs = 0): number {
  const ceiling = Math.min(config.capMs, config.baseMs * 2 ** Math.min(attempt, 20));
  return Math.max(afterMs, Math.round(random() * ceiling));
}
