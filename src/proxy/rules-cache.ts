import { monotonicMs } from '../pipeline/clock.ts';
export interface CacheableReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Something other than X-Ray answered. */
  readonly isForeign?: boolean;
}

/** Where a response to GetSamplingRules came from; a metric label. */
export type RulesSource = 'upstream' | 'cache' | 'stale';

/** Every pod on a node polls separately; one call serves all that ask within this time. */
const FRESH_MS = 10_000;
/**
 * SDKs themselves use rules for an hour before they fall back to their local ones. Source: aws-xray-sdk-node
 * rule_cache.js and the other SDKs.
 */
const STALE_MS = 3_600_000;

/**
 * GetSamplingRules for many clients: one upstream call at a time, its response cached, and the last good one served
 * while X-Ray is unavailable.
 */
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
   * `ask` makes the upstream call, which is shared by all waiting clients and contains nothing of a single client's
   * request. An old response only replaces a missing one, never X-Ray's verdict on the caller (a 403). A response that
   * does not come from X-Ray is never cached.
   */
  async get(ask: () => Promise<CacheableReply>): Promise<CacheableReply> {
    const last = this.#good;
    const ageMs = last === undefined ? Infinity : this.#now() - last.atMs;
    if (last !== undefined && ageMs < FRESH_MS) return this.#serve('cache', last.reply);
    const isShared = this.#asking !== undefined;
    this.#asking ??= ask().finally(() => (this.#asking = undefined));
    const reply = await this.#asking;
    if (reply.status === 200 && reply.isForeign !== true) {
      // A request ID means nothing to other clients.
      const { 'x-amzn-requestid': _id, ...headers } = reply.headers;
      this.#good = { reply: { ...reply, headers }, atMs: this.#now() };
    }
    const isUnavailable = reply.status >= 500 || reply.status === 429 || reply.isForeign === true;
    const good = this.#good;
    if (isUnavailable && good !== undefined && ageMs < STALE_MS) return this.#serve('stale', good.reply);
    return this.#serve(isShared ? 'cache' : 'upstream', reply);
  }

  #serve(source: RulesSource, reply: CacheableReply): CacheableReply {
    this.#onServe(source);
    return reply;
  }
}

/** Whether a body asks for all rules from the start. SDKs send different forms: nothing, {} or a null token. */
export function asksForAllRules(body: Buffer): boolean {
  if (body.length === 0) return true;
  if (body.length > 64) return false;
  try {
    const asked: unknown = JSON.parse(body.toString());
    if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return false;
    return !('NextToken' in asked) || (asked.NextToken ?? null) === null;
  } catch {
    return false;
  }
}
