import { expect, test } from 'vitest';
import { ReadBudget, TooMuchError } from '../../src/query/read-budget.ts';
import { ListText } from '../../src/query/list-text.ts';

const MB = 1024 * 1024;
/** 20 MB of heap, of which 16 may be in use after a collection. */
const LIMITS = { maxAnswerBytes: 2 * MB, memoryLimitBytes: 128 * MB };

/** A heap with garbage, and with traces that can be read again. */
function heapOf({ alive, kept = 0, garbage = 0 }: { alive: number; kept?: number; garbage?: number }) {
  const heap = { alive, kept, garbage, collections: 0 };
  const budget = new ReadBudget(LIMITS, {
    used: () => (heap.alive + heap.kept + heap.garbage) * MB,
    collect: () => {
      heap.garbage = 0;
      heap.collections++;
    },
  });
  const check = (bytes = 1_000): void => budget.check(bytes, () => ([heap.kept, heap.garbage] = [0, heap.kept]));
  return { heap, check };
}

test('collects garbage when the heap is full, and clears caches only if that is not enough', () => {
  const little = heapOf({ alive: 10, kept: 5 });
  little.check();
  expect(little.heap).toMatchObject({ kept: 5, collections: 0 });
  const garbage = heapOf({ alive: 10, kept: 5, garbage: 10 });
  garbage.check();
  expect(garbage.heap).toMatchObject({ kept: 5, collections: 1 });
  const kept = heapOf({ alive: 10, kept: 12 });
  kept.check();
  expect(kept.heap).toMatchObject({ kept: 0, collections: 2 });
});

test('refuses an answer that fills the heap, with a remedy, before every trace needs a collection', () => {
  const { heap, check } = heapOf({ alive: 17 });
  check();
  heap.garbage = 4;
  expect(() => check()).toThrow(TooMuchError);
  expect(() => check()).not.toThrow();
  heap.alive = 21;
  expect(() => check()).toThrow(/Request a shorter time or use a filter/);
});

test('frees memory for a large trace, and reads it even if that is not enough', () => {
  const { heap, check } = heapOf({ alive: 3, kept: 4, garbage: 2 });
  check(50 * MB);
  expect(heap).toMatchObject({ kept: 0, garbage: 0 });
});

test('collects and refuses nothing without a memory limit', () => {
  const fail = (): never => {
    throw new Error('looked at');
  };
  new ReadBudget({ maxAnswerBytes: 8 * MB }, { used: fail, collect: fail }).check(MB, fail);
});

test('writes a list value by value, up to its size limit', () => {
  const list = new ListText(20);
  expect(list.add({ b: 'ä', a: 1 })).toBe(16);
  expect(list.add([1])).toBe(4);
  expect(list.end().text).toBe('[{"a":1,"b":"ä"},[1]]');
  expect(() => list.add(1)).toThrow(TooMuchError);
});
