import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CallSlots } from '../../src/proxy/call-slots.ts';

function start(slots: CallSlots) {
  const abort = new AbortController();
  const held = Promise.withResolvers<string>();
  const call = { isRunning: false, outcome: undefined as string | undefined };
  const ended = slots
    .run(abort.signal, () => {
      call.isRunning = true;
      return held.promise;
    })
    .then((outcome) => (call.outcome = outcome));
  return { call, abort, end: (outcome: string) => held.resolve(outcome), ended };
}

test('runs as many calls as there are slots, then the others in turn, and refuses any beyond the limit', async () => {
  const slots = new CallSlots({ maxCalls: 2, maxWaiting: 2, maxWaitMs: 60_000 });
  const calls = Array.from({ length: 5 }, () => start(slots));
  await turn();
  expect(calls.map(({ call }) => call.isRunning)).toEqual([true, true, false, false, false]);
  expect(calls[4]!.call.outcome).toBe('busy');
  calls[1]!.end('one');
  await turn();
  expect(calls.map(({ call }) => call.isRunning)).toEqual([true, true, true, false, false]);
  calls[0]!.end('zero');
  calls[2]!.end('two');
  calls[3]!.end('three');
  await Promise.all(calls.map(({ ended }) => ended));
  expect(calls.map(({ call }) => call.outcome)).toEqual(['zero', 'one', 'two', 'three', 'busy']);
  const after = [start(slots), start(slots)];
  await turn();
  expect(after.every(({ call }) => call.isRunning)).toBe(true);
});

test('a waiting call that is abandoned frees its place and never starts', async () => {
  const slots = new CallSlots({ maxCalls: 1, maxWaiting: 1, maxWaitMs: 60_000 });
  const [first, second] = [start(slots), start(slots)];
  second.abort.abort();
  await second.ended;
  const third = start(slots);
  first.end('first');
  third.end('third');
  await Promise.all([first.ended, third.ended]);
  expect([second.call, third.call]).toEqual([
    { isRunning: false, outcome: 'aborted' },
    { isRunning: true, outcome: 'third' },
  ]);
});

test('a call that fails gives its slot back', async () => {
  const slots = new CallSlots({ maxCalls: 1, maxWaiting: 1, maxWaitMs: 60_000 });
  const { signal } = new AbortController();
  await expect(slots.run(signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await slots.run(signal, async () => 'next')).toBe('next');
});

test('refuses a call that waits too long, and frees its place', async () => {
  const slots = new CallSlots({ maxCalls: 1, maxWaiting: 1, maxWaitMs: 50 });
  const [first, late] = [start(slots), start(slots)];
  await late.ended;
  expect(late.call).toEqual({ isRunning: false, outcome: 'busy' });
  const third = start(slots);
  first.end('first');
  third.end('third');
  await Promise.all([first.ended, third.ended]);
  expect([first.call.outcome, third.call.outcome]).toEqual(['first', 'third']);
});
