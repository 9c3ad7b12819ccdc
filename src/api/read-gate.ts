import { setTimeout as sleep } from 'node:timers/promises';
import { operationAt } from '../formats/xray/operations.ts';
import type { ConnectionLimits } from '../http/connections.ts';
import { PAGE_PATHS } from './page-files.ts';

/** A response may have 10 MB, and exists in memory several times until it is written. */
export const MAX_READS = 2;
const MAX_WAIT_MS = 15_000;

/** In addition to operations that read no traces. */
const SMALL_ROUTES: ReadonlySet<string> = new Set([
  ...PAGE_PATHS,
  '/assets/:name',
  '/api/traces',
  '/api/window',
  '/api/row',
  '/api/pinned',
  '/api/suggestions',
  '/api/status',
  '/api/store',
  '/api/sample',
  '/api/clear',
  '/api/traces/:id/pin',
]);

/** Whether a route's response is small, whatever is stored. Such requests must not wait behind graphs and exports. */
export function isSmall(url: string): boolean {
  const operation = operationAt(url);
  return operation === undefined ? SMALL_ROUTES.has(url) : operation.reads !== true;
}

/**
 * Admits a few requests at a time that need much memory: those with large responses, and none of them while clients
 * leave too much unread; and, where memory is scarce, those with large bodies.
 */
export class ReadGate {
  readonly #limits: Pick<ConnectionLimits, 'hasCapacity'>;
  readonly #maxReads: number;
  readonly #maxWaitMs: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: Pick<ConnectionLimits, 'hasCapacity'>, { maxReads = MAX_READS, maxWaitMs = MAX_WAIT_MS } = {}) {
    this.#maxReads = maxReads;
    this.#limits = limits;
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Resolves with an idempotent function that admits the next request; with undefined if the wait was too long. A
   * request to `store` does not wait for clients that read slowly.
   */
  async enter(purpose: 'read' | 'store' = 'read'): Promise<(() => void) | undefined> {
    let signal: AbortSignal | undefined;
    const isFree = (): boolean => this.#inside < this.#maxReads && (purpose === 'store' || this.#limits.hasCapacity);
    while (!isFree()) {
      signal ??= AbortSignal.timeout(this.#maxWaitMs);
      if (signal.aborted) return undefined;
      await this.#change(signal);
    }
    this.#inside++;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#inside--;
      this.#waiting.shift()?.();
    };
  }

  /** Polls as well, because a client that resumes reading frees capacity without an event. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await Promise.race([promise, sleep(100, undefined, { signal }).catch(() => {})]);
    const place = this.#waiting.indexOf(resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
  }
}
