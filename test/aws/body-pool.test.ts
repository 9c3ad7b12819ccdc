import { expect, test } from 'vitest';
import { BodyPool, memoryOf } from '../../src/aws/body-pool.ts';

test('bodies contain the bytes of their parts, and share no memory while in use', () => {
  const pool = new BodyPool();
  const [a, b] = [pool.take([Buffer.from('é').toString('latin1'), 'x']), pool.take(['other'])];
  expect(a.toString()).toBe('éx');
  expect(b.toString()).toBe('other');
  expect(a.buffer).not.toBe(b.buffer);
});

test('the memory before a body belongs to it', () => {
  const pool = new BodyPool();
  const bodies = [pool.take(['one']), pool.take(['two'])];
  for (const body of bodies) memoryOf(body).subarray(0, -body.length).fill('-');
  expect(bodies.map((body) => body.toString())).toEqual(['one', 'two']);
  for (const body of bodies) expect(memoryOf(body).subarray(-body.length)).toEqual(body);
});

test('reuses memory, the smallest that fits first', () => {
  const pool = new BodyPool();
  const [large, small] = [pool.take(['x'.repeat(200_000)]), pool.take(['x'])];
  const memories = { large: large.buffer, small: small.buffer };
  pool.giveBack(large);
  pool.giveBack(small);
  expect(pool.take(['short']).buffer).toBe(memories.small);
  expect(pool.take(['short']).buffer).toBe(memories.large);
  expect([memories.large, memories.small]).not.toContain(pool.take(['short']).buffer);
});

test('keeps at most 2 MB', () => {
  const pool = new BodyPool();
  const bodies = Array.from({ length: 9 }, () => pool.take(['x'.repeat(1_000_000)]));
  const memories = new Set(bodies.map(({ buffer }) => buffer));
  for (const body of bodies) pool.giveBack(body);
  const again = Array.from({ length: 9 }, () => pool.take(['y']));
  expect(again.filter(({ buffer }) => memories.has(buffer))).toHaveLength(2);
});
