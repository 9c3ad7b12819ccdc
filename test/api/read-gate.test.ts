import { expect, test } from 'vitest';
import { ReadGate } from '../../src/api/read-gate.ts';

test('admits two queries at a time, and the next one when one of them leaves, once', async () => {
  const gate = new ReadGate({ hasCapacity: true });
  const leave = (await gate.enter())!;
  await gate.enter();
  const order: string[] = [];
  const third = gate.enter().then(() => order.push('third'));
  order.push('left');
  leave();
  leave();
  await third;
  expect(order).toEqual(['left', 'third']);
  expect(await new ReadGate({ hasCapacity: false }, { maxWaitMs: 10 }).enter()).toBeUndefined();
});

test('a query waits while clients leave too much unread', async () => {
  const limits = { hasCapacity: false };
  const entering = new ReadGate(limits).enter();
  limits.hasCapacity = true;
  expect(await entering).toBeDefined();
});

test('a request that stores waits for its turn, not for clients that read slowly', async () => {
  const gate = new ReadGate({ hasCapacity: false }, { maxReads: 1, maxWaitMs: 10 });
  const leave = (await gate.enter('store'))!;
  expect(await gate.enter('store')).toBeUndefined();
  leave();
  expect(await gate.enter('store')).toBeDefined();
});
