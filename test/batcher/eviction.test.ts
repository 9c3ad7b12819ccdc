import { expect, test } from 'vitest';
import { Scope } from '../fakes/scope.ts';
import { lifeOf } from './life.ts';

const scope = new Scope();

test('segments that the spool does not take are dropped at once if they exceed the budget', async () => {
  const budget = 20_000;
  const { push, exporter, batcher, accounting, expectBalanced } = await lifeOf(
    scope,
    scope.folder(),
    { maxBytes: budget },
    { maxBytes: 100 },
  );
  exporter.answer = () => ({ kind: 'retry', code: 'http_503' });
  push(Array<string>(60).fill('x'.repeat(1_000)));
  await expect.poll(() => batcher.read().bufferedBytes).toBeLessThanOrEqual(budget);
  expect(accounting.dropped.buffer_full).toBeGreaterThan(0);
  expectBalanced();
});
