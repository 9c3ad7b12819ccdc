import { monotonicMs, wallClockMs } from '../pipeline/clock.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { oneLine } from '../pipeline/one-line.ts';
import type { CallerIdentity } from './caller-identity.ts';
import { OpenedSockets } from './opened-sockets.ts';
import type { CredentialProvider, ProviderKind } from './providers.ts';
import { usableCredentials } from './identity-answers.ts';
import type { AwsCredentials } from './signer.ts';

/** Refreshed this long before they end, so that no call is signed with credentials that end on the way. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A provider may go on to give credentials that are about to end; it is not asked for each batch. */
const REFRESH_EVERY_MS = 5_000;
/** Between two searches while X-Ray refuses those in hand: doubles from the first to the second. */
const REFUSED_MS = { first: 5_000, most: 60_000 };
/** Between two attempts after failures: doubles from the first to the second. */
const RETRY_MS = { first: 1_000, most: 60_000 };
/** How long a call waits for a search that runs. What needs credentials is tried again; it must not wait for as long as a provider may take. */
const PATIENCE_MS = 5_000;
/** Longer than the call's own limit. */
const IDENTIFY_MS = 5_000;
/** Attempts of one provider that were given up and have not ended: the most. Those that can be told to end do, so that only a disk that hangs comes here. */
const MAX_LEFT_BEHIND = 2;
/** Of what a provider said. */
const MAX_REASON = 500;

/** Why a provider that was asked gave no credentials; a metric label. */
export type RefreshFailure = 'timeout' | 'error';

export interface RefreshFailures {
  readonly provider: ProviderKind;
  readonly reason: RefreshFailure;
  readonly count: number;
}

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
  /** Searches because X-Ray refuses those in hand. */
  #refusals = 0;
  #searchStartedMs = 0;
  readonly #leftBehind = new Map<CredentialProvider, number>();
  readonly #counts = new Map<string, RefreshFailures>();
  #foundAtMs = 0;
  /** On the monotonic clock. Infinity: they do not end, or X-Ray has to say when. */
  #endsAtMs = Infinity;
  readonly #stop = new AbortController();

  constructor(deps: CredentialsDeps) {
    this.#deps = { now: monotonicMs, wallNow: wallClockMs, ...deps };
  }

  get state(): ComponentState {
    const { name } = this;
    const isHeld = this.#valid() !== undefined;
    if (isHeld && this.#problem === '') return { name, state: 'ok', reason: `from ${this.#provider}` };
    if (isHeld) return { name, state: 'degraded', reason: `those from ${this.#provider} are used until they end. ${this.#problem}` };
    return { name, state: this.#problem === '' ? 'starting' : 'degraded', reason: this.problem };
  }

  /** When the credentials end, in ms since the epoch; undefined when they do not, or there are none. */
  get expiresAtMs(): number | undefined {
    return this.#current?.expiration?.getTime();
  }

  /** Why there are none. */
  get problem(): string {
    return this.#problem || 'no AWS credentials yet: the search for them goes on';
  }

  /** Attempts to get credentials that failed, by provider and reason. */
  get refreshFailures(): readonly RefreshFailures[] {
    return [...this.#counts.values()];
  }

  /** Looks for credentials in the background: a daemon without them receives and buffers all the same. */
  async start(): Promise<void> {
    void this.#refresh();
  }

  /** What runs is given up: its connections are closed, its processes ended. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the daemon stops'));
    clearTimeout(this.#retryTimer);
  }

  /**
   * Valid credentials, or undefined when there are none now. Never rejects; waits for a search that runs until it has taken `patienceMs`.
   * A search for new ones keeps nobody waiting who can use those in hand.
   */
  async get(patienceMs: number = PATIENCE_MS): Promise<AwsCredentials | undefined> {
    const valid = this.#valid();
    if (valid !== undefined) {
      if (this.#isDue()) void this.#refresh();
      return valid;
    }
    // After a failure the timer decides when to ask again, not the number of batches that wait.
    if (this.#failures === 0 || this.#refreshing !== undefined) {
      const search = this.#refresh();
      const leftMs = patienceMs - (this.#deps.now() - this.#searchStartedMs);
      if (leftMs > 0) await within(leftMs, 'credentials', () => search).catch(() => {});
    }
    return this.#valid();
  }

  /** X-Ray said that the credentials have expired: whatever their date says, the next call gets new ones. */
  invalidate(used: AwsCredentials): void {
    if (this.#current?.accessKeyId === used.accessKeyId) this.#current = undefined;
  }

  /**
   * X-Ray refuses the credentials, although they have not ended: a key was rotated, a role made anew. The providers are asked again, after 5 s
   * and up to a minute; those in hand stay in use until then, since it may as well be a permission that is missing.
   */
  refused(used: AwsCredentials): void {
    if (this.#current?.accessKeyId !== used.accessKeyId || this.#failures > 0 || this.#refreshing !== undefined) return;
    const pauseMs = Math.min(REFUSED_MS.most, REFUSED_MS.first * 2 ** Math.min(this.#refusals, 10));
    if (this.#deps.now() - this.#searchStartedMs < pauseMs) return;
    this.#refusals++;
    void this.#refresh();
  }

  /** Asks the providers again, whatever is in hand; what is in hand stays in use until they have answered. Never rejects. */
  async renew(): Promise<void> {
    await this.#refreshing;
    await this.#refresh();
    const { name, state, reason } = this.state;
    this.#deps.log.info({ [name]: state, reason }, 'asked for new credentials');
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
    if (this.#refreshing === undefined) {
      this.#searchStartedMs = this.#deps.now();
      this.#refreshing = this.#find().finally(() => (this.#refreshing = undefined));
    }
    return this.#refreshing;
  }

  async #find(): Promise<void> {
    clearTimeout(this.#retryTimer);
    const tried: string[] = [];
    for (const provider of this.#deps.providers) {
      try {
        const answer = await this.#ask(provider);
        if (typeof answer !== 'string') {
          this.#accept(provider, usableCredentials(answer));
          return;
        }
        tried.push(`${provider.name}: ${answer}`);
      } catch (error) {
        this.#count(provider, error);
        tried.push(`${provider.name}: ${reasonOf(error)}`);
        if (provider.isExplicit) {
          tried.push('the providers after it are not asked, because this one is configured');
          break;
        }
      }
    }
    this.#onFailure(tried);
  }

  /** The credentials, or why there is no point in asking. Rejects with the provider's reason, or with a DeadlineError. */
  async #ask(provider: CredentialProvider): Promise<AwsCredentials | string> {
    const leftBehind = this.#leftBehind.get(provider) ?? 0;
    const timeoutMs = await provider.timeoutMs();
    if (leftBehind >= MAX_LEFT_BEHIND) throw new DeadlineError(`${leftBehind} attempts have not ended`, timeoutMs);
    const sockets = new OpenedSockets();
    return within(
      timeoutMs,
      'given up',
      async (signal) => {
        let isLeftBehind = false;
        // One that waits for a connection is over with it; one that waits for a disk is counted until it ends.
        const onAbort = (): void => {
          isLeftBehind = sockets.close() === 0;
          if (isLeftBehind) this.#leftBehind.set(provider, (this.#leftBehind.get(provider) ?? 0) + 1);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        try {
          return await sockets.during(async () => (await provider.skipReason()) ?? (await provider.get(signal)));
        } finally {
          signal.removeEventListener('abort', onAbort);
          if (isLeftBehind) this.#leftBehind.set(provider, (this.#leftBehind.get(provider) ?? 0) - 1);
        }
      },
      this.#stop.signal,
    );
  }

  #count(provider: CredentialProvider, error: unknown): void {
    const reason = error instanceof DeadlineError ? 'timeout' : 'error';
    const key = `${provider.kind} ${reason}`;
    this.#counts.set(key, { provider: provider.kind, reason, count: (this.#counts.get(key)?.count ?? 0) + 1 });
    if (reason === 'error') return;
    const fields = { provider: provider.name, reason: messageOf(error) };
    this.#deps.log.limited(`hung_${provider.kind}`, 'warn', fields, 'an AWS credentials provider does not answer; it is asked again later');
  }

  #accept(provider: CredentialProvider, credentials: AwsCredentials): void {
    const isOther = this.#current?.accessKeyId !== credentials.accessKeyId;
    const isNews = this.#provider !== provider.name || this.#failures > 0 || (this.#refusals > 0 && isOther);
    if (isOther) this.#refusals = 0;
    this.#current = credentials;
    this.#foundAtMs = this.#deps.now();
    this.#endsAtMs = this.#foundAtMs + lifetimeOf(credentials, this.#deps.wallNow());
    this.#provider = provider.name;
    this.#problem = '';
    this.#failures = 0;
    if (isNews) void this.#announce(provider, credentials);
    else this.#deps.log.debug({ provider: provider.name, expires: expiryOf(credentials) }, 'credentials renewed');
  }

  async #announce(provider: CredentialProvider, credentials: AwsCredentials): Promise<void> {
    const { log, identify } = this.#deps;
    const known = { ...(credentials.accountId === undefined ? {} : { account: credentials.accountId }), ...provider.describe?.() };
    const isKnown = 'account' in known && 'role' in known;
    const identity = isKnown ? undefined : await within(IDENTIFY_MS, 'STS', () => identify(credentials)).catch(() => undefined);
    log.info({ provider: provider.name, ...known, ...identity, expires: expiryOf(credentials) }, 'credentials found');
  }

  #onFailure(tried: readonly string[]): void {
    if (this.#stop.signal.aborted) return;
    const { log } = this.#deps;
    const isFirst = this.#failures === 0;
    const isHeld = this.#valid() !== undefined;
    this.#problem = `no ${isHeld ? 'new ' : ''}AWS credentials. Tried ${tried.join('; ')}`;
    const delayMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    if (!isFirst) log.debug({ tried, retryInMs: delayMs }, 'still no AWS credentials');
    else if (isHeld) log.warn({ tried, expires: expiryOf(this.#current) }, 'AWS credentials cannot be renewed; those in use are used until they end');
    else log.error({ tried }, 'no AWS credentials: segments are buffered and the search goes on in the background');
    this.#retryTimer = setTimeout(() => void this.#refresh(), delayMs);
    this.#retryTimer.unref();
  }
}

function expiryOf(credentials: AwsCredentials | undefined): string {
  return credentials?.expiration?.toISOString() ?? 'never';
}

/**
 * Ms that credentials just given have left. Their date is compared with the clock here and never again, so that setting the clock ends none and keeps none.
 * What is past already says more about this machine's clock than about credentials that somebody has just given: X-Ray decides, and they are renewed often.
 */
function lifetimeOf({ expiration }: AwsCredentials, wallNowMs: number): number {
  const leftMs = expiration === undefined ? Infinity : expiration.getTime() - wallNowMs;
  return leftMs > 0 ? leftMs : Infinity;
}

/** In a line: what answers may say anything. */
function reasonOf(error: unknown): string {
  // The SDK's parsers of XML and JSON call themselves for each level.
  if (error instanceof RangeError) return 'what answers is nested too deep for an answer of AWS';
  return oneLine(messageOf(error).replace(/\s+/g, ' ').trim(), MAX_REASON);
}
