import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel wrote down about a process: CPU time of all its threads in µs, memory in MB, times that a thread of it woke. */
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
  return { cpuUs: cpuNs / 1000, wakeUps, residentMb: (numberIn(status, 'VmRSS') * 1024) / 1e6, peakMb: (numberIn(status, 'VmHWM') * 1024) / 1e6 };
}

function numberIn(file: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
}
