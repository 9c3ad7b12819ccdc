import { isMainThread } from 'node:worker_threads';

// The main thread does nothing for 200 ms of each second, as in a long collection of garbage.
if (isMainThread) {
  setInterval(() => {
    const endMs = performance.now() + 200;
    while (performance.now() < endMs);
  }, 1_000).unref();
}
