/** A part with a life. Started downstream-first, stopped upstream-first. */
export interface Component {
  readonly name: string;
  /** Resolves when the part does its work; rejects with an `XraydError` when it cannot. */
  start(): Promise<void>;
  /**
   * Hands what it holds to the next stage and resolves when nothing it started is still running.
   * Idempotent, and legal before `start`. When `deadline` aborts it gives up, counts the rest as dropped, and resolves.
   */
  stop(deadline: AbortSignal): Promise<void>;
  /**
   * How long `stop` is waited for, in ms: at most `limitMs` however far the deadline is, and `graceMs` after the deadline.
   * What does not end by then is left behind.
   */
  readonly stopLimits?: { readonly limitMs?: number; readonly graceMs?: number };
}

/** What a part says of itself in /readyz and /livez. */
export interface ComponentState {
  readonly name: string;
  readonly state: 'starting' | 'ok' | 'degraded' | 'failed' | 'off' | 'stopping';
  /** Why, when the state is not `ok`; otherwise a fact worth knowing, such as the bound address. */
  readonly reason?: string;
}
