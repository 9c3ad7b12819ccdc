import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { StoreThread } from '../../src/threads/store-thread.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const READY = "const { parentPort } = require('node:worker_threads'); parentPort.postMessage({ type: 'ready' });";

/** A thread in the place of the store's, that does what `code` says. */
function thread(code: string): Worker {
  const worker = new Worker(code, { eval: true });
  scope.add(() => worker.terminate());
  return worker;
}

test('a thread that never becomes ready fails the start', async () => {
  await expect(StoreThread.of(thread('setInterval(() => {}, 1000)'), { startMs: 100 })).rejects.toThrow(
    /the store’s file: no answer within 100 ms/,
  );
});

test('rejects a call that is never answered at its deadline, and reports it until an answer arrives', async () => {
  const worker = thread(
    `${READY} parentPort.on('message', ({ id }) => { if (id > 1) parentPort.postMessage({ type: 'result', id, result: 'done' }); });`,
  );
  const store = await StoreThread.of(worker, { callMs: 100 });
  await expect(store.call('clear', {})).rejects.toThrow(/the store \(clear\): no answer within 100 ms/);
  expect(store.hang).toContain('no answer within 100 ms');
  expect(await store.call('clear', {})).toBe('done');
  expect(store.hang).toBeUndefined();
});

test('the store closes even if a thread hangs in a loop or on a file', async () => {
  const pipe = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const hang of ['for (;;);', `require('node:fs').readFileSync(${JSON.stringify(pipe)})`]) {
    const store = await StoreThread.of(new Worker(READY + hang, { eval: true }), {});
    await store.close();
  }
  // Its other end lets the thread go.
  execFileSync('sh', ['-c', 'exec 3>"$1"', 'sh', pipe]);
}, 20_000);
