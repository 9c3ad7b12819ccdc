import { expect, test } from 'vitest';
import { CallPath } from '../../src/pipeline/call-path.ts';

test('a call that has come back to its process is recognised, also through others', () => {
  const [a, b, c] = [new CallPath(), new CallPath(), new CallPath()];
  expect(a.comesFromHere(a.header)).toBe(true);
  expect(b.comesFromHere(a.header)).toBe(false);
  expect(c.comesFromHere(b.header)).toBe(false);
  expect(a.comesFromHere(c.header)).toBe(true);
});

test('a chain without an end at its start is none, however often it is used', () => {
  const [a, b] = [new CallPath(), new CallPath()];
  for (let i = 0; i < 3; i++) expect(b.comesFromHere(a.header)).toBe(false);
  expect(a.comesFromHere(undefined)).toBe(false);
});

test('whatever clients send, the header keeps its size, and the latest senders stay in it', () => {
  const [a, b] = [new CallPath(), new CallPath()];
  for (let i = 0; i < 1000; i++) a.comesFromHere(i.toString(16).padStart(16, '0'));
  for (const odd of ['', ',', 'x'.repeat(5_000), 'é', `${b.header}f`, `${'0'.repeat(16)},`.repeat(200)])
    a.comesFromHere(odd);
  a.comesFromHere(b.header);
  expect(a.header.length).toBeLessThan(300);
  expect(a.header).toMatch(/^[0-9a-f]{16}(,[0-9a-f]{16})*$/);
  expect(b.comesFromHere(a.header)).toBe(true);
});
