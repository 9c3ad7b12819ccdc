import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StoreThread } from '../../../src/xray/store/store-thread.ts';
import { Scope } from '../../fakes/scope.ts';
import { segmentJson, START } from '../../fakes/traces.ts';

const scope = new Scope();

async function start(): Promise<StoreThread> {
  const file = join(scope.folder(), 'traces.db');
  const thread = await StoreThread.start({ file, isTemporary: true, maxBytes: 1e9, role: 'writer' });
  scope.add(() => thread.close());
  return thread;
}

function put(thread: StoreThread, i: number): Promise<unknown> {
  const document = segmentJson('web', { trace_id: `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}` });
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return thread.call('put', { bytes, ends: Uint32Array.of(bytes.length), receivedAt: START });
}

test('answers of one transaction are handed on over some turns of the event loop, in their order', async () => {
  const thread = await start();
  const turns: number[] = [];
  const order: number[] = [];
  let turn = 0;
  let isDone = false;
  const count = (): void => {
    turn++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const puts = Array.from({ length: 64 }, async (_, i) => {
    await put(thread, i);
    turns[turn] = (turns[turn] ?? 0) + 1;
    order.push(i);
  });
  await Promise.all(puts);
  isDone = true;
  expect(order).toEqual(Array.from({ length: 64 }, (_, i) => i));
  expect(Math.max(...turns.filter(Boolean))).toBe(4);
});

test('what is asked of a thread that ends, or has ended, is refused and does not wait for ever', async () => {
  const thread = await start();
  await expect(put(thread, 1)).resolves.toMatchObject({ refused: [] });
  const closing = thread.close();
  await expect(put(thread, 2)).rejects.toThrow('the store’s thread ended');
  await closing;
  expect(thread.problem).toBe('the store’s thread ended');
  await expect(put(thread, 3)).rejects.toThrow('the store’s thread ended');
});
