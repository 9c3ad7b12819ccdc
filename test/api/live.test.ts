import { expect, test } from 'vitest';
import { LiveFeed } from '../../src/api/live.ts';

test('returns each trace once, at its last change, oldest first', () => {
  const feed = new LiveFeed();
  feed.changed(['a', 'b', 'c']);
  feed.changed(['a']);
  expect(feed.since(0)).toEqual(['b', 'c', 'a']);
  expect(feed.since(3)).toEqual(['a']);
  expect(feed.since(feed.last)).toEqual([]);
});

test('reports when changes were forgotten, or never existed', () => {
  const feed = new LiveFeed();
  const ids = Array.from({ length: 10_001 }, (_, i) => `t${i}`);
  feed.changed(ids.slice(0, 10_000));
  expect(feed.since(0)).toEqual(ids.slice(0, 10_000));
  feed.changed(ids.slice(10_000));
  expect(feed.since(0)).toBeUndefined();
  expect(feed.since(5_000)).toBeUndefined();
  expect(feed.since(5_001)).toEqual(ids.slice(5_001));
  expect(feed.since(feed.last + 1)).toBeUndefined();
});

test('calls listeners until they unsubscribe', () => {
  const feed = new LiveFeed();
  let calls = 0;
  const stop = feed.listen(() => calls++);
  feed.changed(['a']);
  stop();
  feed.changed(['a']);
  expect([calls, feed.listeners]).toEqual([1, 0]);
});
