import { expect, test } from 'vitest';
import { derivedId } from '../../../../src/formats/otlp/segment/derived-id.ts';

test('an ID has 16 digits, is the same for the same text, and another for each of 100,000 others', () => {
  const texts = Array.from({ length: 100_000 }, (_, i) => `6929d510abcdef0000000000${i.toString(16)} ${i % 7}`);
  const ids = texts.map(derivedId);
  expect(ids.filter((id) => !/^[0-9a-f]{16}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(texts.length);
  for (const half of [0, 8]) expect(new Set(ids.map((id) => id.slice(half, half + 8))).size).toBeGreaterThan(99_900);
  expect(derivedId(texts[7]!)).toBe(ids[7]);
  expect(derivedId('')).toMatch(/^[0-9a-f]{16}$/);
});
