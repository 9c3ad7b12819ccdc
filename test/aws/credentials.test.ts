import { expect, test } from 'vitest';
import { CredentialSource } from '../../src/aws/credentials.ts';
import type { CredentialProvider } from '../../src/aws/providers.ts';
import type { AwsCredentials } from '../../src/aws/signer.ts';
import { eventually } from '../fakes/eventually.ts';
import { issue } from '../fakes/identity.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const issued = (lifetimeMs?: number): AwsCredentials => issue(lifetimeMs) as AwsCredentials;
const never = (): Promise<AwsCredentials> => new Promise(() => {});

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
  readonly timeoutMs: number;
  readonly isExplicit: boolean;
  readonly signals: AbortSignal[] = [];
  readonly #answers: Answers['get'];

  constructor({ get, timeoutMs = 100, isExplicit = true }: Answers) {
    this.#answers = get;
    this.timeoutMs = timeoutMs;
    this.isExplicit = isExplicit;
  }

  skipReason(): undefined {}

  get(signal: AbortSignal): Promise<AwsCredentials> {
    this.signals.push(signal);
    return this.#answers[Math.min(this.signals.length, this.#answers.length) - 1]!(signal);
  }
}

async function sourceOf(...providers: readonly CredentialProvider[]): Promise<{ source: CredentialSource; log: MemoryLog }> {
  const log = new MemoryLog();
  const source = await scope.start(new CredentialSource({ providers, identify: async () => undefined, log }));
  return { source, log };
}

test('a provider that never answers is named, counted and degraded, and the next attempt is answered', async () => {
  const found = issued();
  const provider = new Provider({ get: [never, async () => found] });
  const { source, log } = await sourceOf(provider);
  await eventually(() => source.state.state === 'degraded');
  expect(source.state.reason).toContain('web identity (IRSA): given up: no answer within 100 ms');
  expect(log.find(/does not answer/, 'warn')[0]?.fields).toMatchObject({ provider: 'web identity (IRSA)' });
  expect(source.refreshFailures).toEqual([{ provider: 'web_identity', reason: 'timeout', count: 1 }]);
  expect(provider.signals[0]?.aborted).toBe(true);
  await eventually(() => source.state.state === 'ok');
  expect(await source.get()).toBe(found);
});

test('a call waits for a search at most for its patience, and says that there is none yet', async () => {
  const { source } = await sourceOf(new Provider({ get: [never], timeoutMs: 60_000 }));
  expect(await source.get(50)).toBeUndefined();
  expect(source.problem).toContain('no AWS credentials yet');
  // The time is the search's, not the caller's: the next one finds it over.
  expect(await source.get(50)).toBeUndefined();
});

test('a search for new ones that hangs keeps nobody waiting who can use those in hand', async () => {
  const [first, second] = [issued(6_000), issued()];
  const provider = new Provider({ get: [async () => first, never, async () => second], timeoutMs: 300 });
  const { source, log } = await sourceOf(provider);
  await eventually(() => source.state.state === 'ok');
  await eventually(async () => (await source.get(0)) !== undefined && provider.signals.length === 2, 10_000);
  expect(await source.get(0)).toBe(first);
  await eventually(() => source.state.state === 'degraded');
  expect(source.state.reason).toContain('are used until they end');
  expect(log.find(/cannot be renewed/, 'warn')).toHaveLength(1);
  expect(await source.get(0)).toBe(first);
  await eventually(async () => (await source.get(0)) === second);
  expect(source.state.state).toBe('ok');
});

test('a provider that hangs and is not configured is passed over for the next', async () => {
  const found = issued();
  const { source } = await sourceOf(new Provider({ get: [never], isExplicit: false }), new Provider({ get: [async () => found] }));
  expect(await source.get()).toBe(found);
});

test('attempts that cannot be ended do not pile up', async () => {
  const provider = new Provider({ get: [never], timeoutMs: 10 });
  const { source } = await sourceOf(provider);
  await eventually(() => source.refreshFailures[0]?.count === 3);
  expect(provider.signals).toHaveLength(2);
  expect(source.problem).toContain('2 attempts have not ended');
});

test('attempts that end when they are told to are followed by others', async () => {
  const ending = (signal: AbortSignal): Promise<AwsCredentials> => {
    const { promise, reject } = Promise.withResolvers<AwsCredentials>();
    signal.addEventListener('abort', () => reject(new Error('ended')), { once: true });
    return promise;
  };
  const found = issued();
  const provider = new Provider({ get: [ending, ending, ending, async () => found], timeoutMs: 10 });
  const { source } = await sourceOf(provider);
  await eventually(() => source.state.state === 'ok');
  expect(source.refreshFailures).toEqual([{ provider: 'web_identity', reason: 'timeout', count: 3 }]);
});
