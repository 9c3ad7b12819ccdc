import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Process statistics of the kernel: CPU time of all threads in µs, memory in MB, number of thread wake-ups. */
export interface ProcessStats {
  readonly cpuUs: number;
  readonly residentMb: number;
  /** Highest so far. */
  readonly peakMb: number;
  readonly wakeUps: number;
}

/** Linux only. Sources: proc_pid_status(5), schedstats in the kernel's documentation. */
export function processStats(pid: number): ProcessStats {
  const threads = readdirSync(`/proc/${pid}/task`);
  let cpuNs = 0;
  let wakeUps = 0;
  for (const thread of threads) {
    cpuNs += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    wakeUps += numberIn(`/proc/${pid}/task/${thread}/status`, 'voluntary_ctxt_switches');
  }
  const status = `/proc/${pid}/status`;
  return {
    cpuUs: cpuNs / 1000,
    wakeUps,
    residentMb: (numberIn(status, 'VmRSS') * 1024) / 1e6,
    peakMb: (numberIn(status, 'VmHWM') * 1024) / 1e6,
  };
}

/** Times of all cores together since the machine started, in ms. */
export function machineTimes(): { readonly busyMs: number; readonly allMs: number } {
  const times = cpus().flatMap(({ times: each }) => Object.entries(each));
  const sum = (among: typeof times): number => among.reduce((total, [, ms]) => total + ms, 0);
  return { busyMs: sum(times.filter(([name]) => name !== 'idle')), allMs: sum(times) };
}

function numberIn(file: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}
