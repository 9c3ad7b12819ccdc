import { get } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CredentialSource } from '../../src/aws/credentials.ts';
import type { CredentialProvider } from '../../src/aws/providers.ts';
import type { AwsCredentials } from '../../src/aws/signer.ts';
import { newCounters, type Counters } from '../../src/pipeline/counters.ts';
import { eventually } from '../fakes/eventually.ts';
import { issue } from '../fakes/identity.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();
const issued = (lifetimeMs?: number): AwsCredentials => issue(lifetimeMs) as AwsCredentials;
const never = (): Promise<AwsCredentials> => new Promise(() => {});

/** Begins each answer and never ends it. */
class DrippingServer extends FakeServer {
  protected override answer(): Behaviour {
    return 'drip';
  }
}

interface Answers {
  /** One for each attempt; the last goes on. */
  readonly get: readonly ((signal: AbortSignal) => Promise<AwsCredentials>)[];
  readonly timeoutMs?: number;
  readonly isExplicit?: boolean;
}

/** A provider at the edge of the process, and what it was asked. */
class Provider implements CredentialProvider {
  readonly name = 'web identity (IRSA)';
  readonly kind = 'web_identity';
  readonly timeoutMs: () => number;
  readonly isExplicit: boolean;
  readonly signals: AbortSignal[] = [];
  readonly #answers: Answers['get'];

  constructor({ get, timeoutMs = 100, isExplicit = true }: Answers) {
    this.#answers = get;
    this.timeoutMs = () => timeoutMs;
    this.isExplicit = isExplicit;
  }

  skipReason(): undefined {}

  get(signal: AbortSignal): Promise<AwsCredentials> {
    this.signals.push(signal);
    return this.#answers[Math.min(this.signals.length, this.#answers.length) - 1]!(signal);
  }
}

async function sourceOf(
  ...providers: readonly CredentialProvider[]
): Promise<{ source: CredentialSource; counters: Counters; log: MemoryLog }> {
  const counters = newCounters();
  const log = new MemoryLog();
  const source = await scope.start(new CredentialSource({ providers, identify: async () => undefined, counters, log }));
  return { source, counters, log };
}

test.each([
  [
    'what the SDK adds for programmers is left out',
    'missing closing tag Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.',
    'web identity (IRSA): missing closing tag;',
  ],
  [
    'a token that the server repeats is left out',
    'token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_x has expired',
    'token (a token) has expired;',
  ],
  ['an answer without an error shows its status', 'Unknown', 'HTTP 302, without an error of AWS'],
])('%s', async (_what, message, shown) => {
  const fails = async (): Promise<AwsCredentials> => {
    throw Object.assign(new Error(message), { $metadata: { httpStatusCode: 302 } });
  };
  const { source } = await sourceOf(new Provider({ get: [fails] }));
  await eventually(() => source.state.state === 'degraded');
  expect(source.state.reason).toContain(shown);
  expect(source.state.reason).not.toMatch(/eyJ|\$response/);
});

test('a provider that never answers is named, counted and reported as degraded, and the next attempt succeeds', async () => {
  const found = issued();
  const provider = new Provider({ get: [never, async () => found] });
  const { source, counters, log } = await sourceOf(provider);
  await eventually(() => source.state.state === 'degraded');
  expect(source.state.reason).toContain('web identity (IRSA): timed out: no answer within 100 ms');
  expect(log.find(/does not answer/, 'warn')[0]?.fields).toMatchObject({ provider: 'web identity (IRSA)' });
  expect(counters.credentialFailures.samples()).toEqual([[{ provider: 'web_identity', reason: 'timeout' }, 1]]);
  expect(provider.signals[0]?.aborted).toBe(true);
  await eventually(() => source.state.state === 'ok');
  expect(await source.get()).toBe(found);
});

test('says why there are no credentials at once, and again every 5 minutes while there are none', async () => {
  let nowMs = 0;
  const fails = async (): Promise<AwsCredentials> => Promise.reject(new Error('refused'));
  const log = new MemoryLog();
  const providers = [new Provider({ get: [fails] })];
  const source = await scope.start(
    new CredentialSource({
      providers,
      identify: async () => undefined,
      counters: newCounters(),
      log,
      now: () => nowMs,
    }),
  );
  const said = async (): Promise<number> => {
    await source.renew();
    return log.find(/no AWS credentials: segments are buffered/, 'error').length;
  };
  const counts: number[] = [];
  for (nowMs of [0, 1_000, 299_000, 301_000, 302_000]) counts.push(await said());
  expect(counts).toEqual([1, 1, 1, 2, 2]);
});

test('a call waits for a search up to its limit, and reports that there are no credentials yet', async () => {
  const { source } = await sourceOf(new Provider({ get: [never], timeoutMs: 60_000 }));
  expect(await source.get(50)).toBeUndefined();
  expect(source.problem).toContain('no AWS credentials yet');
  // The time is the search's, not the caller's: the next one finds it over.
  expect(await source.get(50)).toBeUndefined();
});

test('a hanging refresh delays no call while current credentials are valid', async () => {
  const [first, second] = [issued(6_000), issued()];
  const provider = new Provider({ get: [async () => first, never, async () => second], timeoutMs: 300 });
  const { source, log } = await sourceOf(provider);
  await eventually(() => source.state.state === 'ok');
  await eventually(async () => (await source.get(0)) !== undefined && provider.signals.length === 2, 10_000);
  expect(await source.get(0)).toBe(first);
  await eventually(() => source.state.state === 'degraded');
  expect(source.state.reason).toContain('are used until they expire');
  expect(log.find(/cannot be refreshed/, 'warn')).toHaveLength(1);
  expect(await source.get(0)).toBe(first);
  await eventually(async () => (await source.get(0)) === second);
  expect(source.state.state).toBe('ok');
});

test('skips a hanging provider that is not configured', async () => {
  const found = issued();
  const { source } = await sourceOf(
    new Provider({ get: [never], isExplicit: false }),
    new Provider({ get: [async () => found] }),
  );
  expect(await source.get()).toBe(found);
});

test('attempts that cannot be cancelled do not pile up', async () => {
  const provider = new Provider({ get: [never], timeoutMs: 10 });
  const { source, counters } = await sourceOf(provider);
  await eventually(() => counters.credentialFailures.samples()[0]?.[1] === 3);
  expect(provider.signals).toHaveLength(2);
  expect(source.problem).toContain('2 earlier attempts are still running');
});

test('retries a service whose answer never ends, any number of times, although its library cannot be cancelled', async () => {
  const service = await scope.start(new DrippingServer());
  const found = issued();
  // As the SDK's provider for instance metadata: it waits for the end of the answer, and for no signal.
  const ask = (): Promise<AwsCredentials> => {
    const { promise, resolve } = Promise.withResolvers<AwsCredentials>();
    get(service.url, (answer) => answer.resume().once('end', () => resolve(found))).on('error', () => {});
    return promise;
  };
  const provider = new Provider({ get: [ask, ask, ask, async () => found], timeoutMs: 100 });
  const { source } = await sourceOf(provider);
  await eventually(() => source.state.state === 'ok', 20_000);
  expect(provider.signals).toHaveLength(4);
  await eventually(async () => (await service.connections()) === 0);
});

test('starts a new attempt after each one that could be cancelled', async () => {
  const ending = (signal: AbortSignal): Promise<AwsCredentials> => {
    const { promise, reject } = Promise.withResolvers<AwsCredentials>();
    signal.addEventListener('abort', () => reject(new Error('ended')), { once: true });
    return promise;
  };
  const found = issued();
  const provider = new Provider({ get: [ending, ending, ending, async () => found], timeoutMs: 10 });
  const { source, counters } = await sourceOf(provider);
  await eventually(() => source.state.state === 'ok');
  expect(counters.credentialFailures.samples()).toEqual([[{ provider: 'web_identity', reason: 'timeout' }, 3]]);
});

/** A source whose two clocks are the test's. */
async function clocked(get: Answers['get']) {
  const clock = { monotonic: 0, wall: Date.now() };
  const provider = new Provider({ get });
  const deps = { now: () => clock.monotonic, wallNow: () => clock.wall };
  const source = await scope.start(
    new CredentialSource({
      providers: [provider],
      identify: async () => undefined,
      counters: newCounters(),
      log: new MemoryLog(),
      ...deps,
    }),
  );
  await eventually(() => source.state.state === 'ok');
  return { clock, provider, source };
}

const HOUR_MS = 3_600_000;

test.each([-HOUR_MS, 2 * HOUR_MS])(
  'setting the clock by %i ms neither expires credentials nor prolongs them',
  async (step) => {
    const [first, second] = [issued(HOUR_MS), issued(HOUR_MS)];
    const { clock, provider, source } = await clocked([async () => first, async () => second]);
    clock.wall += step;
    clock.monotonic += 54 * 60_000;
    expect(await source.get()).toBe(first);
    expect(provider.signals).toHaveLength(1);
    // Five minutes before their end.
    clock.monotonic += 2 * 60_000;
    await source.get();
    await eventually(async () => (await source.get()) === second);
    expect(provider.signals).toHaveLength(2);
  },
);

test('uses credentials that look expired to a clock that is ahead, and refreshes them every five minutes', async () => {
  const [first, second] = [issued(-HOUR_MS), issued(-HOUR_MS)];
  const { clock, provider, source } = await clocked([async () => first, async () => second]);
  expect(await source.get()).toBe(first);
  clock.monotonic += 4 * 60_000;
  expect(await source.get()).toBe(first);
  expect(provider.signals).toHaveLength(1);
  clock.monotonic += 2 * 60_000;
  await source.get();
  await eventually(async () => (await source.get()) === second);
});

test('requests new credentials when X-Ray reports them as expired, whatever the clock says', async () => {
  const [first, second] = [issued(HOUR_MS), issued(HOUR_MS)];
  const { source } = await clocked([async () => first, async () => second]);
  source.invalidate(first);
  expect(await source.get()).toBe(second);
});

test('requests new credentials when X-Ray refuses unexpired ones, after a pause of up to a minute, and uses them meanwhile', async () => {
  const [first, second] = [issued(HOUR_MS), issued(HOUR_MS)];
  const { clock, provider, source } = await clocked([
    async () => first,
    async () => first,
    async () => first,
    async () => second,
  ]);
  const asked = async (afterMs: number): Promise<number> => {
    clock.monotonic += afterMs;
    source.refused(first);
    expect(await source.get()).toBe(first);
    // What a search asks, it asks within this turn.
    await setImmediate();
    return provider.signals.length;
  };
  expect(await asked(4_000)).toBe(1);
  expect(await asked(2_000)).toBe(2);
  expect(await asked(9_000)).toBe(2);
  expect(await asked(2_000)).toBe(3);
  clock.monotonic += 60_000;
  source.refused(first);
  source.refused(first);
  await eventually(async () => (await source.get()) === second);
  expect(provider.signals).toHaveLength(4);
  // Of those that have been replaced nobody asks.
  clock.monotonic += 60_000;
  source.refused(first);
  expect(provider.signals).toHaveLength(4);
});
