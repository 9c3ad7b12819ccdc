import { expect, test } from 'vitest';
import { asksForAllRules, RulesCache, type CacheableReply } from '../../src/proxy/rules-cache.ts';

function setUp() {
  const clock = { ms: 1_000_000 };
  const served: string[] = [];
  const upstream = { calls: 0, reply: reply(200, 'a') };
  const cache = new RulesCache(
    (source) => served.push(source),
    () => clock.ms,
  );
  const get = async (): Promise<string> => {
    const answer = await cache.get(async () => {
      upstream.calls++;
      await Promise.resolve();
      return upstream.reply;
    });
    return `${answer.status} ${answer.body.toString()}`;
  };
  return { clock, served, upstream, cache, get };
}

const reply = (status: number, body: string): CacheableReply => ({
  status,
  headers: { 'x-amzn-requestid': 'r' },
  body: Buffer.from(body),
});

test('many concurrent polls, and polls within ten seconds, share one upstream call', async () => {
  const { clock, served, upstream, get } = setUp();
  expect(await Promise.all([get(), get(), get()])).toEqual(['200 a', '200 a', '200 a']);
  clock.ms += 9_999;
  await get();
  expect(upstream.calls).toBe(1);
  clock.ms += 1;
  upstream.reply = reply(200, 'b');
  expect(await get()).toBe('200 b');
  expect(upstream.calls).toBe(2);
  expect(served).toEqual(['upstream', 'cache', 'cache', 'cache', 'upstream']);
});

test.each([500, 502, 503, 504, 429])(
  'serves the last good answer for an hour while X-Ray answers %i, and asks X-Ray each time',
  async (status) => {
    const { clock, served, upstream, get } = setUp();
    await get();
    upstream.reply = reply(status, 'away');
    clock.ms += 3_599_999;
    expect(await get()).toBe('200 a');
    clock.ms += 1;
    expect(await get()).toBe(`${status} away`);
    expect(upstream.calls).toBe(3);
    expect(served).toEqual(['upstream', 'stale', 'upstream']);
  },
);

test('passes on a refusal, even if there is a good answer from before', async () => {
  const { clock, upstream, get } = setUp();
  await get();
  clock.ms += 20_000;
  upstream.reply = reply(403, 'no');
  expect(await get()).toBe('403 no');
});

test('never caches an answer that is not from X-Ray, and serves the last good one instead', async () => {
  const { clock, served, upstream, get } = setUp();
  upstream.reply = { ...reply(200, 'portal'), isForeign: true };
  await get();
  upstream.reply = reply(200, 'a');
  expect(await get()).toBe('200 a');
  clock.ms += 20_000;
  for (const status of [200, 302, 400, 403, 404]) {
    upstream.reply = { ...reply(status, 'portal'), isForeign: true };
    expect(await get()).toBe('200 a');
  }
  expect(served).toEqual(['upstream', 'upstream', 'stale', 'stale', 'stale', 'stale', 'stale']);
});

test('an answer from the cache has no request ID of another request', async () => {
  const { cache, get } = setUp();
  await get();
  const answer = await cache.get(() => Promise.reject(new Error('not asked')));
  expect(answer.headers).toEqual({});
});

test.each<[string, boolean]>([
  ['', true],
  ['{}', true],
  ['{"NextToken": null}', true],
  ['{"NextToken":"page-2"}', false],
  ['[', false],
  ['[]', false],
  ['null', false],
  [`{"x":"${'y'.repeat(100)}"}`, false],
])('the body %j requests all rules: %s', (body, isAll) => {
  expect(asksForAllRules(Buffer.from(body))).toBe(isAll);
});
