import { setTimeout as sleep } from 'node:timers/promises';
import { operationAt } from '../formats/xray/operations.ts';
import type { ConnectionLimits } from '../http/connections.ts';
import { PAGE_PATHS } from './page-files.ts';

/** An answer may be 10 MB, and is in memory several times until it is written. */
export const MAX_READS = 2;
const PATIENCE_MS = 15_000;

/** Beside operations that read no traces. */
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

/** Whether a route's answer is small, whatever is stored: such questions must not wait behind graphs and exports. */
export function isSmall(url: string): boolean {
  const operation = operationAt(url);
  return operation === undefined ? SMALL_ROUTES.has(url) : operation.reads !== true;
}

/** Lets questions that may have a large answer through a few at a time, and none while clients leave too much unread. */
export class ReadGate {
  readonly #limits: Pick<ConnectionLimits, 'hasCapacity'>;
  readonly #maxReads: number;
  readonly #patienceMs: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limits: Pick<ConnectionLimits, 'hasCapacity'>, { maxReads = MAX_READS, patienceMs = PATIENCE_MS } = {}) {
    this.#maxReads = maxReads;
    this.#limits = limits;
    this.#patienceMs = patienceMs;
  }

  /** Resolves with what lets the next one in, idempotent; with undefined when that took too long. */
  async enter(): Promise<(() => void) | undefined> {
    const signal = AbortSignal.timeout(this.#patienceMs);
    while (this.#inside >= this.#maxReads || !this.#limits.hasCapacity) {
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

  /** A client that resumes reading also frees capacity, and no event says so. */
  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await Promise.race([promise, sleep(100, undefined, { signal }).catch(() => {})]);
    const place = this.#waiting.indexOf(resolve);
    if (place >= 0) this.#waiting.splice(place, 1);
  }
}
