// Loaded into the measured process before anything else: on SIGUSR2 it writes what kept its main thread from its event
// loop, in ms:
// how late a timer was (with what other threads took of the cores), how much of that its own work was, and of the
// longest own work
// how long the whole turn took and how much of that was collecting garbage.
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const STEP_MS = 5;

function shares(values) {
  values.sort((a, b) => a - b);
  const at = (share) => values[Math.floor(values.length * share)] ?? 0;
  return { p99: at(0.99), max: values.at(-1) ?? 0 };
}

if (isMainThread) {
  let turnStartMs = performance.now();
  let usedMs = ownMs();
  let late = [];
  let own = [];
  let longest = { ownMs: 0, startMs: 0, endMs: 0 };
  let collections = [];
  // Entries come a turn or two later, so those of the last longest turn are looked up at the end.
  new PerformanceObserver((list) => collections.push(...list.getEntries())).observe({ entryTypes: ['gc'] });
  setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - turnStartMs - STEP_MS));
    const nowUsedMs = ownMs();
    const turnMs = nowUsedMs - usedMs;
    own.push(turnMs);
    if (turnMs > longest.ownMs) longest = { ownMs: turnMs, startMs: turnStartMs, endMs: nowMs };
    turnStartMs = nowMs;
    usedMs = nowUsedMs;
  }, STEP_MS).unref();
  process.on('SIGUSR2', () => {
    const { startMs, endMs } = longest;
    let gcMs = 0;
    for (const { startTime, duration } of collections) if (startTime >= startMs && startTime < endMs) gcMs += duration;
    const said = { late: shares(late), own: shares(own), longest: { ms: endMs - startMs, gcMs } };
    process.stderr.write(`${JSON.stringify({ loopDelay: said })}\n`);
    late = [];
    own = [];
    longest = { ownMs: 0, startMs: 0, endMs: 0 };
    collections = [];
  });
}

function ownMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
