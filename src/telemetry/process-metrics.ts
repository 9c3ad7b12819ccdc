import { readdirSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, type Registry } from 'prom-client';
import { wallClockMs } from '../pipeline/clock.ts';

interface ProcessMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /**
   * `loopUtilization` is since the last scrape. Throws, or returns undefined, if the value cannot be read now: it may
   * need a file, and no descriptor may be free.
   */
  readonly read: (loopUtilization: number) => number | undefined;
}

const MICROSECONDS = 1e6;
/** Constant, even if the clock is set: a changed value would be read as a restart. */
const STARTED_MS = wallClockMs() - performance.now();

/**
 * The names and meanings of prom-client's default metrics. Those themselves come only with an event loop monitor, which
 * wakes the process 98 times a second; the loop's utilisation is as informative and costs nothing.
 */
export const PROCESS_METRICS: readonly ProcessMetric[] = [
  {
    name: 'process_cpu_user_seconds_total',
    type: 'counter',
    help: 'User CPU time.',
    read: () => process.cpuUsage().user / MICROSECONDS,
  },
  {
    name: 'process_cpu_system_seconds_total',
    type: 'counter',
    help: 'System CPU time.',
    read: () => process.cpuUsage().system / MICROSECONDS,
  },
  { name: 'process_cpu_seconds_total', type: 'counter', help: 'User and system CPU time.', read: cpuSeconds },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process started, in seconds since the epoch.',
    read: () => STARTED_MS / 1000,
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory.',
    read: () => process.memoryUsage.rss(),
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    help: 'Open file descriptors (Linux).',
    read: () => readdirSync('/proc/self/fd').length,
  },
  {
    name: 'nodejs_heap_size_total_bytes',
    type: 'gauge',
    help: 'Size of the JavaScript heap.',
    read: () => getHeapStatistics().total_heap_size,
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'Used part of the JavaScript heap.',
    read: () => getHeapStatistics().used_heap_size,
  },
  {
    name: 'nodejs_external_memory_bytes',
    type: 'gauge',
    help: 'Memory outside the heap, including the buffer.',
    read: () => getHeapStatistics().external_memory,
  },
  {
    name: 'nodejs_eventloop_utilization',
    type: 'gauge',
    help: 'Share of the time since the last scrape that the main thread was busy.',
    read: (loopUtilization) => loopUtilization,
  },
];

/** Registers the metrics and returns a function that updates them. */
export function processMetrics(registry: Registry, version: string): () => void {
  const registers = [registry];
  const instruments = PROCESS_METRICS.map(({ name, help, type, read }) => ({
    read,
    instrument: type === 'counter' ? new Counter({ name, help, registers }) : new Gauge({ name, help, registers }),
  }));
  const build = new Gauge({
    name: 'xrayd_build_info',
    help: 'The version of xrayd and of Node.',
    labelNames: ['version', 'node'],
    registers,
  });
  build.set({ version, node: process.versions.node }, 1);
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    for (const { read, instrument } of instruments) {
      const value = valueOf(() => read(utilization));
      instrument.reset();
      if (value === undefined) instrument.remove();
      else instrument.inc(value);
    }
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS;
}

/** A value that cannot be read must not fail the scrape. */
function valueOf(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
