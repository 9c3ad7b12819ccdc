import { monotonicMs } from '../pipeline/clock.ts';
export interface CacheableReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Something in between answered, and not X-Ray. */
  readonly isForeign?: boolean;
}

/** Where an answer to GetSamplingRules came from; a metric label. */
export type RulesSource = 'upstream' | 'cache' | 'stale';

/** Every pod of a node polls on its own; one call serves those that come within this time. */
const FRESH_MS = 10_000;
/** SDKs use rules for an hour themselves before they fall back to their local ones. Source: aws-xray-sdk-node rule_cache.js and its siblings. */
const STALE_MS = 3_600_000;

/** GetSamplingRules for many clients: one upstream call at a time, its answer kept, and the last good one served while X-Ray is away. */
export class RulesCache {
  readonly #now: () => number;
  readonly #onServe: (source: RulesSource) => void;
  #good: { reply: CacheableReply; atMs: number } | undefined;
  #asking: Promise<CacheableReply> | undefined;

  constructor(onServe: (source: RulesSource) => void, now: () => number = monotonicMs) {
    this.#onServe = onServe;
    this.#now = now;
  }

  /**
   * `ask` makes the upstream call, which is the same for all who wait for it: nothing of one client's request is in it. What X-Ray says of the
   * caller (a 403) is never covered by an old answer, only its absence is. What is not X-Ray's is never kept.
   */
  async get(ask: () => Promise<CacheableReply>): Promise<CacheableReply> {
    const ageMs = this.#good === undefined ? Infinity : this.#now() - this.#good.atMs;
    if (ageMs < FRESH_MS) return this.#serve('cache', this.#good!.reply);
    const isShared = this.#asking !== undefined;
    this.#asking ??= ask().finally(() => (this.#asking = undefined));
    const reply = await this.#asking;
    if (reply.status === 200 && reply.isForeign !== true) {
      // An id of one request says nothing to the others.
      const { 'x-amzn-requestid': _id, ...headers } = reply.headers;
      this.#good = { reply: { ...reply, headers }, atMs: this.#now() };
    }
    const isAway = reply.status >= 500 || reply.status === 429 || reply.isForeign === true;
    if (isAway && ageMs < STALE_MS) return this.#serve('stale', this.#good!.reply);
    return this.#serve(isShared ? 'cache' : 'upstream', reply);
  }

  #serve(source: RulesSource, reply: CacheableReply): CacheableReply {
    this.#onServe(source);
    return reply;
  }
}

/** Whether a body asks for the rules from the beginning, as every SDK does in its own words: nothing, {} or a null token. */
export function asksForAllRules(body: Buffer): boolean {
  if (body.length === 0) return true;
  if (body.length > 64) return false;
  try {
    const asked = JSON.parse(body.toString()) as { NextToken?: unknown } | null;
    return typeof asked === 'object' && asked !== null && !Array.isArray(asked) && (asked.NextToken ?? null) === null;
  } catch {
    return false;
  }
}
