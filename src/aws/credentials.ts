import { member } from '../json/json.ts';
import { monotonicMs, wallClockMs } from '../pipeline/clock.ts';
import type { Component, ComponentState } from '../pipeline/component.ts';
import type { Counters } from '../pipeline/counters.ts';
import { DeadlineError, within } from '../pipeline/deadline.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { Logger } from '../pipeline/logger.ts';
import { oneLine } from '../pipeline/one-line.ts';
import type { CallerIdentity } from './caller-identity.ts';
import { OpenedSockets } from './opened-sockets.ts';
import type { CredentialProvider } from './providers.ts';
import { usableCredentials } from './identity-answers.ts';
import type { AwsCredentials } from './signer.ts';

/** How long before their expiry credentials are refreshed, so that none expire while a call is under way. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** A provider may keep returning credentials that are about to expire; it is not asked for each batch. */
const REFRESH_EVERY_MS = 5_000;
/**
 * Interval between searches while X-Ray refuses the current credentials: doubles from the first value to the second.
 */
const REFUSED_MS = { first: 5_000, most: 60_000 };
/** Interval between attempts after failures: doubles from the first value to the second. */
const RETRY_MS = { first: 1_000, most: 60_000 };
/** How often the log says why there are none. */
const SAY_AGAIN_MS = 5 * 60_000;
/**
 * How long a call waits for a running search. The caller retries anyway; it must not wait for as long as a provider may
 * take.
 */
const WAIT_MS = 5_000;
/** Longer than the call's own limit. */
const IDENTIFY_MS = 5_000;
/**
 * Maximum number of a provider's timed-out attempts that are still running. Most can be cancelled, so only a disk that
 * hangs gets here.
 */
const MAX_LEFT_BEHIND = 2;
/** Maximum length of a provider's error in the log. */
const MAX_REASON = 500;

export interface CredentialsDeps {
  /** Asked in this order; the first with credentials wins. */
  readonly providers: readonly CredentialProvider[];
  /** Finds out who owns the credentials, if the provider does not tell. */
  readonly identify: (credentials: AwsCredentials) => Promise<CallerIdentity | undefined>;
  readonly counters: Counters;
  readonly log: Logger;
  /** Monotonic. */
  readonly now?: () => number;
  /** Since the epoch: compared once with the expiration of new credentials. */
  readonly wallNow?: () => number;
}

/**
 * The current credentials: found in the background, refreshed before they expire. If there are none, `problem` explains
 * why.
 */
export class CredentialSource implements Component {
  readonly name = 'credentials';
  readonly #deps: Required<CredentialsDeps>;
  #current: AwsCredentials | undefined;
  #provider = '';
  #problem = '';
  #tried: readonly string[] = [];
  #refreshing: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #saidAtMs = -Infinity;
  /** Number of searches because X-Ray refused the current credentials. */
  #refusals = 0;
  #searchStartedMs = 0;
  readonly #leftBehind = new Map<CredentialProvider, number>();
  #foundAtMs = 0;
  /** On the monotonic clock. Infinity: they do not expire, or only X-Ray knows when. */
  #endsAtMs = Infinity;
  readonly #stop = new AbortController();

  constructor(deps: CredentialsDeps) {
    this.#deps = { now: monotonicMs, wallNow: wallClockMs, ...deps };
  }

  get state(): ComponentState {
    const { name } = this;
    const isHeld = this.#valid() !== undefined;
    if (isHeld && this.#problem === '') return { name, state: 'ok', reason: `from ${this.#provider}` };
    if (isHeld)
      return {
        name,
        state: 'degraded',
        reason: `the credentials from ${this.#provider} are used until they expire. ${this.#problem}`,
      };
    return { name, state: this.#problem === '' ? 'starting' : 'degraded', reason: this.problem };
  }

  /** When the credentials expire, in ms since the epoch; undefined if they do not, or if there are none. */
  get expiresAtMs(): number | undefined {
    return this.#current?.expiration?.getTime();
  }

  /** Why there are no credentials. */
  get problem(): string {
    return this.#problem || 'no AWS credentials yet: still searching';
  }

  /** What each provider answered in the last search, if none had credentials. */
  get tried(): readonly string[] {
    return this.#tried;
  }

  /** Searches in the background: without credentials, the daemon still receives and buffers. */
  async start(): Promise<void> {
    void this.#refresh();
  }

  /** Cancels running attempts: closes their connections and kills their processes. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the daemon stops'));
    clearTimeout(this.#retryTimer);
  }

  /** Valid credentials, without waiting: undefined if there are none yet. Refreshes those that are due. */
  current(): AwsCredentials | undefined {
    const valid = this.#valid();
    if (valid !== undefined && this.#isDue()) void this.#refresh();
    return valid;
  }

  /**
   * Valid credentials, or undefined if there are none now. Never rejects. Waits for a running search until it has taken
   * `waitMs`; callers that can use the current credentials do not wait.
   */
  async get(waitMs: number = WAIT_MS): Promise<AwsCredentials | undefined> {
    const current = this.current();
    if (current !== undefined) return current;
    // After a failure the timer decides when to retry, not the number of waiting batches.
    if (this.#failures === 0 || this.#refreshing !== undefined) {
      const search = this.#refresh();
      const leftMs = waitMs - (this.#deps.now() - this.#searchStartedMs);
      if (leftMs > 0) await within(leftMs, 'credentials', () => search).catch(() => {});
    }
    return this.#valid();
  }

  /** X-Ray reported expired credentials: whatever their expiration is, the next call gets new ones. */
  invalidate(used: AwsCredentials): void {
    if (this.#current?.accessKeyId === used.accessKeyId) this.#current = undefined;
  }

  /**
   * X-Ray refuses credentials that have not expired: a key was rotated, or a role recreated. Asks the providers again,
   * after 5 s and later up to a minute. Meanwhile the current credentials stay in use, because the cause may be a
   * missing permission.
   */
  refused(used: AwsCredentials): void {
    if (this.#current?.accessKeyId !== used.accessKeyId || this.#failures > 0 || this.#refreshing !== undefined) return;
    const pauseMs = Math.min(REFUSED_MS.most, REFUSED_MS.first * 2 ** Math.min(this.#refusals, 10));
    if (this.#deps.now() - this.#searchStartedMs < pauseMs) return;
    this.#refusals++;
    void this.#refresh();
  }

  /**
   * Asks the providers again, even if the current credentials are valid; those stay in use until a provider has
   * answered. Never rejects.
   */
  async renew(): Promise<void> {
    await this.#refreshing;
    await this.#refresh();
    const { name, state, reason } = this.state;
    this.#deps.log.info({ [name]: state, reason }, 'looked for new credentials');
  }

  #isDue(): boolean {
    const nowMs = this.#deps.now();
    if (this.#failures > 0) return false;
    if (this.#endsAtMs === Infinity)
      return this.expiresAtMs !== undefined && nowMs - this.#foundAtMs >= REFRESH_BEFORE_MS;
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
          tried.push('later providers are not tried, because this one is configured');
          break;
        }
      }
    }
    this.#onFailure(tried);
  }

  /** The credentials, or why the provider was skipped. Rejects with the provider's error, or with a DeadlineError. */
  async #ask(provider: CredentialProvider): Promise<AwsCredentials | string> {
    const leftBehind = this.#leftBehind.get(provider) ?? 0;
    const timeoutMs = await provider.timeoutMs();
    if (leftBehind >= MAX_LEFT_BEHIND)
      throw new DeadlineError(`${leftBehind} earlier attempts are still running`, timeoutMs);
    const sockets = new OpenedSockets();
    return within(
      timeoutMs,
      'timed out',
      async (signal) => {
        let isLeftBehind = false;
        // An attempt that waits for a connection ends when it is closed; one that waits for a disk is counted until it
        // ends.
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
    this.#deps.counters.credentialFailures.inc({ provider: provider.kind, reason });
    if (reason === 'error') return;
    const fields = { provider: provider.name, reason: messageOf(error) };
    this.#deps.log.limited(
      `hung_${provider.kind}`,
      'warn',
      fields,
      'an AWS credentials provider does not answer; xrayd will retry',
    );
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
    this.#tried = [];
    this.#failures = 0;
    if (isNews) void this.#announce(provider, credentials);
    else this.#deps.log.debug({ provider: provider.name, expires: expiryOf(credentials) }, 'credentials refreshed');
  }

  async #announce(provider: CredentialProvider, credentials: AwsCredentials): Promise<void> {
    const { log, identify } = this.#deps;
    const known = {
      ...(credentials.accountId === undefined ? {} : { account: credentials.accountId }),
      ...provider.describe?.(),
    };
    const isKnown = 'account' in known && 'role' in known;
    const identity = isKnown
      ? undefined
      : await within(IDENTIFY_MS, 'STS', () => identify(credentials)).catch(() => undefined);
    log.info({ provider: provider.name, ...known, ...identity, expires: expiryOf(credentials) }, 'credentials found');
  }

  #onFailure(tried: readonly string[]): void {
    if (this.#stop.signal.aborted) return;
    const { log } = this.#deps;
    const isDue = this.#failures === 0 || this.#deps.now() - this.#saidAtMs >= SAY_AGAIN_MS;
    if (isDue) this.#saidAtMs = this.#deps.now();
    const isHeld = this.#valid() !== undefined;
    this.#tried = tried;
    this.#problem = `no ${isHeld ? 'new ' : ''}AWS credentials. Tried ${tried.join('; ')}`;
    const delayMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    if (!isDue) log.debug({ tried, retryInMs: delayMs }, 'still no AWS credentials');
    else if (isHeld)
      log.warn(
        { tried, expires: expiryOf(this.#current) },
        'AWS credentials cannot be refreshed; the current ones are used until they expire',
      );
    else log.error({ tried }, 'no AWS credentials: segments are buffered while xrayd keeps looking');
    this.#retryTimer = setTimeout(() => void this.#refresh(), delayMs);
    this.#retryTimer.unref();
  }
}

function expiryOf(credentials: AwsCredentials | undefined): string {
  return credentials?.expiration?.toISOString() ?? 'never';
}

/**
 * Remaining lifetime of new credentials, in ms. Their expiration is compared with the clock only here, so that setting
 * the clock later has no effect.
 * If new credentials seem to have expired, this machine's clock is probably wrong: X-Ray decides, and they are
 * refreshed often.
 */
function lifetimeOf({ expiration }: AwsCredentials, wallNowMs: number): number {
  const leftMs = expiration === undefined ? Infinity : expiration.getTime() - wallNowMs;
  return leftMs > 0 ? leftMs : Infinity;
}

/** On one line, because an error may contain anything. */
function reasonOf(error: unknown): string {
  // The SDK's XML and JSON parsers are recursive.
  if (error instanceof RangeError) return 'the response is nested too deeply to come from AWS';
  const text = messageOf(error).replace(SDK_REMARK, '').replace(JWT, '(a token)').replace(/\s+/g, ' ').trim();
  return oneLine(text === '' || /^Unknown(Error)?$/.test(text) ? foreignReason(error) : text, MAX_REASON);
}

/** What the SDK adds for programmers. */
const SDK_REMARK = /\s*Deserialization error: to see the raw response.*$/s;
/** A server may repeat the token that it refuses. */
const JWT = /\beyJ[\w-]{8,}\.[\w.-]+/g;

/** For an answer in which the SDK found nothing. */
function foreignReason(error: unknown): string {
  const status = member(member(error, '$metadata'), 'httpStatusCode');
  return `HTTP ${typeof status === 'number' ? status : ''}, without an error of AWS: something else answered (a proxy?)`;
}
