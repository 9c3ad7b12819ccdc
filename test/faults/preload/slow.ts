import { isMainThread } from 'node:worker_threads';

// A deliberate slowdown: each document costs 30 µs more to encode.
if (isMainThread) {
  const original = JSON.stringify;
  JSON.stringify = ((...args: Parameters<typeof JSON.stringify>) => {
    const endMs = performance.now() + 0.03;
    while (performance.now() < endMs);
    return original(...args);
  }) as typeof JSON.stringify;
}
