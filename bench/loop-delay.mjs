// Loaded into the measured process before anything else: on SIGUSR2 it writes what kept its main thread from its event loop, in ms:
// how late a timer was (with what other threads took of the cores), and how much of that its own work was.
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const STEP_MS = 5;

function shares(values) {
  values.sort((a, b) => a - b);
  const at = (share) => values[Math.floor(values.length * share)] ?? 0;
  return { p99: at(0.99), max: values.at(-1) ?? 0 };
}

if (isMainThread) {
  let expectedMs = performance.now() + STEP_MS;
  let usedMs = ownMs();
  let late = [];
  let own = [];
  setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - expectedMs));
    expectedMs = nowMs + STEP_MS;
    const nowUsedMs = ownMs();
    own.push(nowUsedMs - usedMs);
    usedMs = nowUsedMs;
  }, STEP_MS).unref();
  process.on('SIGUSR2', () => {
    process.stderr.write(`${JSON.stringify({ loopDelay: { late: shares(late), own: shares(own) } })}\n`);
    late = [];
    own = [];
  });
}

function ownMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
