import { isMainThread } from 'node:worker_threads';
import { calibrationWork } from '../../../bench/gate.ts';

// A deliberate slowdown: each document costs 20 runs of the calibration loop more to encode, on a fast machine as on a
// slow one.
if (isMainThread) {
  const original = JSON.stringify;
  JSON.stringify = ((...args: Parameters<typeof JSON.stringify>) => {
    for (let i = 0; i < 20; i++) calibrationWork(i, original);
    return original(...args);
  }) as typeof JSON.stringify;
}
