/** A part that is started and stopped. Started downstream-first, stopped upstream-first. */
export interface Component {
  readonly name: string;
  /** Resolves when the component is working; rejects with an `XraydError` if it cannot work. */
  start(): Promise<void>;
  /**
   * Hands everything it holds to the next stage, and resolves when nothing it started is still running.
   * Idempotent, and legal before `start`. When `deadline` aborts, it gives up, counts the rest as dropped, and
   * resolves.
   */
  stop(deadline: AbortSignal): Promise<void>;
  /**
   * How long to wait for `stop`, in ms: at most `limitMs`, even if the deadline is later, and `graceMs` after the
   * deadline.
   * A `stop` that takes longer is abandoned.
   */
  readonly stopLimits?: { readonly limitMs?: number; readonly graceMs?: number };
}

/** The state that a component reports in /readyz and /livez. */
export interface ComponentState {
  readonly name: string;
  readonly state: 'starting' | 'ok' | 'degraded' | 'failed' | 'off' | 'stopping';
  /** The cause, if the state is not `ok`; otherwise a useful fact, such as the bound address. */
  readonly reason?: string;
}
