import { monotonicMs, wallClockMs } from '../pipeline/clock.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { CallerIdentity } from './caller-identity.ts';
import type { CredentialProvider } from './providers.ts';
import type { AwsCredentials } from './signer.ts';

/** Refreshed this long before they end, so that no call is signed with credentials that end on the way. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A provider may go on to give credentials that are about to end; it is not asked for each batch. */
const REFRESH_EVERY_MS = 5_000;
/** Between two attempts after failures: doubles from the first to the second. */
const RETRY_MS = { first: 1_000, most: 60_000 };

export interface CredentialsDeps {
  /** Asked in this order; the first that answers wins. */
  readonly providers: readonly CredentialProvider[];
  /** Says who the credentials belong to, where the provider does not. */
  readonly identify: (credentials: AwsCredentials) => Promise<CallerIdentity | undefined>;
  readonly log: Logger;
  /** Monotonic. */
  readonly now?: () => number;
  /** Since the epoch: what the date at which credentials end is compared with, once. */
  readonly wallNow?: () => number;
}

/** The credentials in use: found in the background, refreshed when needed, explained when missing. */
export class CredentialSource implements Component {
  readonly name = 'credentials';
  readonly #deps: Required<CredentialsDeps>;
  #current: AwsCredentials | undefined;
  #provider = '';
  #problem = '';
  #refreshing: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #foundAtMs = 0;
  /** On the monotonic clock. Infinity: they do not end, or X-Ray has to say when. */
  #endsAtMs = Infinity;
  #isStopped = false;

  constructor(deps: CredentialsDeps) {
    this.#deps = { now: monotonicMs, wallNow: wallClockMs, ...deps };
  }

  get state(): ComponentState {
    if (this.#valid() !== undefined) return { name: this.name, state: 'ok', reason: `from ${this.#provider}` };
    return { name: this.name, state: this.#problem === '' ? 'starting' : 'degraded', reason: this.#problem || 'looking for credentials' };
  }

  /** When the credentials end, in ms since the epoch; undefined when they do not, or there are none. */
  get expiresAtMs(): number | undefined {
    return this.#current?.expiration?.getTime();
  }

  /** Why there are none. */
  get problem(): string {
    return this.#problem;
  }

  /** Looks for credentials in the background: a daemon without them receives and buffers all the same. */
  async start(): Promise<void> {
    void this.#refresh();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
  }

  /** Valid credentials, or undefined when there are none now. Never rejects. */
  async get(): Promise<AwsCredentials | undefined> {
    const valid = this.#valid();
    if (valid !== undefined) {
      if (this.#isDue()) void this.#refresh();
      return valid;
    }
    // After a failure the timer decides when to ask again, not the number of batches that wait.
    if (this.#failures === 0 || this.#refreshing !== undefined) await this.#refresh();
    return this.#valid();
  }

  /** X-Ray said that the credentials have expired: whatever their date says, the next call gets new ones. */
  invalidate(used: AwsCredentials): void {
    if (this.#current?.accessKeyId === used.accessKeyId) this.#current = undefined;
  }

  #isDue(): boolean {
    const nowMs = this.#deps.now();
    if (this.#failures > 0) return false;
    if (this.#endsAtMs === Infinity) return this.expiresAtMs !== undefined && nowMs - this.#foundAtMs >= REFRESH_BEFORE_MS;
    return this.#endsAtMs - nowMs < REFRESH_BEFORE_MS && nowMs - this.#foundAtMs >= REFRESH_EVERY_MS;
  }

  #valid(): AwsCredentials | undefined {
    return this.#endsAtMs <= this.#deps.now() ? undefined : this.#current;
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#find().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #find(): Promise<void> {
    clearTimeout(this.#retryTimer);
    const tried: string[] = [];
    for (const provider of this.#deps.providers) {
      const skipped = provider.skipReason();
      if (skipped !== undefined) {
        tried.push(`${provider.name}: ${skipped}`);
        continue;
      }
      try {
        await this.#accept(provider, await provider.get());
        return;
      } catch (error) {
        tried.push(`${provider.name}: ${oneLine(messageOf(error))}`);
        if (provider.isExplicit) {
          tried.push('the providers after it are not asked, because this one is configured');
          break;
        }
      }
    }
    this.#onFailure(tried);
  }

  async #accept(provider: CredentialProvider, credentials: AwsCredentials): Promise<void> {
    const isNews = this.#provider !== provider.name || this.#failures > 0;
    this.#current = credentials;
    this.#foundAtMs = this.#deps.now();
    this.#endsAtMs = this.#foundAtMs + lifetimeOf(credentials, this.#deps.wallNow());
    this.#provider = provider.name;
    this.#problem = '';
    this.#failures = 0;
    const { log } = this.#deps;
    const expires = credentials.expiration?.toISOString() ?? 'never';
    if (!isNews) {
      log.debug({ provider: provider.name, expires }, 'credentials renewed');
      return;
    }
    const known = { ...(credentials.accountId === undefined ? {} : { account: credentials.accountId }), ...provider.describe?.() };
    if ('account' in known && 'role' in known) {
      log.info({ provider: provider.name, ...known, expires }, 'credentials found');
      return;
    }
    const identity = await this.#deps.identify(credentials).catch(() => undefined);
    log.info({ provider: provider.name, ...known, ...identity, expires }, 'credentials found');
  }

  #onFailure(tried: readonly string[]): void {
    const isFirst = this.#failures === 0;
    this.#problem = `no AWS credentials. Tried ${tried.join('; ')}`;
    const delayMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    if (isFirst) this.#deps.log.error({ tried }, 'no AWS credentials: segments are buffered and the search goes on in the background');
    else this.#deps.log.debug({ tried, retryInMs: delayMs }, 'still no AWS credentials');
    if (this.#isStopped) return;
    this.#retryTimer = setTimeout(() => void this.#refresh(), delayMs);
    this.#retryTimer.unref();
  }
}

/**
 * Ms that credentials just given have left. Their date is compared with the clock here and never again, so that setting the clock ends none and keeps none.
 * What is past already says more about this machine's clock than about credentials that somebody has just given: X-Ray decides, and they are renewed often.
 */
function lifetimeOf({ expiration }: AwsCredentials, wallNowMs: number): number {
  const leftMs = expiration === undefined ? Infinity : expiration.getTime() - wallNowMs;
  return leftMs > 0 ? leftMs : Infinity;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
