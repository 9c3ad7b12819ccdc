import type { Config } from './config/schema.ts';
import { memoryLimitBytes } from './memory-limit.ts';

const MB = 1024 * 1024;
/** The reference's least. */
const MIN_BUFFER_BYTES = 3 * MB;
const MAX_BUFFER_BYTES = 64 * MB;
/** One body of the largest size is always read. */
const MIN_BODIES_BYTES = 6 * MB;
const MAX_BODIES_BYTES = 16 * MB;
/** What the daemon needs beside the two: its code, V8's heap, the receive thread's ring, calls in flight (docs/reliability.md). */
const BESIDES_BYTES = 96 * MB;

/** What the parts of a process may hold, so that all of it together stays below the memory limit. */
export interface MemoryBudget {
  /** The cgroup's limit; undefined when there is none. */
  readonly limitBytes: number | undefined;
  /** For segments that wait. */
  readonly bufferBytes: number;
  /** For the bodies of all requests that are being read or answered. */
  readonly bodiesBytes: number;
}

/** Shares of the memory limit; what --buffer-memory says wins over the buffer's. */
export function memoryBudgetOf(
  { bufferMemory }: Pick<Config<'daemon'>, 'bufferMemory'>,
  limitBytes: number | undefined = memoryLimitBytes(),
): MemoryBudget {
  const share = (part: number, least: number, most: number): number =>
    limitBytes === undefined ? most : Math.max(least, Math.min(most, Math.floor(limitBytes / part)));
  const bodiesBytes = share(16, MIN_BODIES_BYTES, MAX_BODIES_BYTES);
  const left = limitBytes === undefined ? Infinity : limitBytes - BESIDES_BYTES - bodiesBytes;
  const bufferBytes = Math.max(MIN_BUFFER_BYTES, Math.min(share(4, MIN_BUFFER_BYTES, MAX_BUFFER_BYTES), left));
  return { limitBytes, bufferBytes: bufferMemory > 0 ? bufferMemory * MB : bufferBytes, bodiesBytes };
}

/** Why a budget that was configured may not fit into the memory limit; undefined when it does. */
export function memoryProblem({ limitBytes, bufferBytes, bodiesBytes }: MemoryBudget): string | undefined {
  if (limitBytes === undefined) return undefined;
  const needed = bufferBytes + bodiesBytes + BESIDES_BYTES;
  if (needed <= limitBytes) return undefined;
  const most = Math.max(MIN_BUFFER_BYTES / MB, Math.floor((limitBytes - bodiesBytes - BESIDES_BYTES) / MB));
  const figures = `a buffer of ${inMb(bufferBytes)} needs a limit of ${inMb(needed)}, but this process is limited to ${inMb(limitBytes)}`;
  return `${figures}: it may be killed for memory. Raise the limit, or set --buffer-memory to ${most} or less`;
}

function inMb(bytes: number): string {
  return `${Math.ceil(bytes / MB)} MiB`;
}
