import type { Config } from '../config/schema.ts';
import { MB } from '../pipeline/units.ts';
import { memoryLimitBytes } from './memory-limit.ts';

/** The reference's least. */
const MIN_BUFFER_BYTES = 3 * MB;
const MAX_BUFFER_BYTES = 64 * MB;
/** One body of the largest size is always read. */
const MIN_BODIES_BYTES = 6 * MB;
const MAX_BODIES_BYTES = 16 * MB;
/** The store's, of the local X-Ray. */
const MIN_CACHE_BYTES = 8 * MB;
const MAX_CACHE_BYTES = 32 * MB;
const MIN_ANSWER_BYTES = 2 * MB;
const MAX_ANSWER_BYTES = 8 * MB;
/**
 * What each mode needs beside them: its code, V8's heap, the receive thread's ring, calls in flight (docs/reliability.md); the local X-Ray has two threads more.
 */
const BESIDES_BYTES: Readonly<Record<Mode, number>> = { daemon: 96 * MB, local: 108 * MB };

/** `--tee` adds the calls to AWS: their code, TLS, and four batches in flight. */
const TEE_BESIDES_BYTES = 12 * MB;

const SCARCE_BYTES = 256 * MB;

/** The local X-Ray stores what arrives within milliseconds, so its buffer can be smaller. */
const BUFFERS_PART: Readonly<Record<Mode, number>> = { daemon: 4, local: 8 };

type Mode = 'daemon' | 'local';

/** What the parts of a process may hold, so that all of it together stays below the memory limit. */
export interface MemoryBudget {
  /** The cgroup's limit; undefined when there is none. */
  readonly limitBytes: number | undefined;
  /** For segments that wait. */
  readonly bufferBytes: number;
  /** For the copies of `--tee` that wait; 0 without it. With `bufferBytes` it is what the buffer has without `--tee`. */
  readonly teeBytes: number;
  /** For the bodies of all requests that are being read or answered. */
  readonly bodiesBytes: number;
  /** For SQLite's caches. */
  readonly cacheBytes: number;
  /** Of the traces that the local X-Ray reads for one answer. It has a page for each, and several copies of it until it is written. */
  readonly answerBytes: number;
  /** For everything else. */
  readonly besidesBytes: number;
}

/** Whether memory goes before speed. */
export function isMemoryScarce(limitBytes: number | undefined = memoryLimitBytes()): boolean {
  return limitBytes !== undefined && limitBytes <= SCARCE_BYTES;
}

/** Shares of the memory limit; what --buffer-memory says wins over the buffer's. With `tee` the two buffers have half of it each. */
export function memoryBudgetOf(
  { bufferBytes: askedBytes, tee = false }: Pick<Config<'daemon'>, 'bufferBytes'> & { readonly tee?: boolean },
  mode: Mode,
  limitBytes: number | undefined = memoryLimitBytes(),
): MemoryBudget {
  const share = (part: number, least: number, most: number): number =>
    limitBytes === undefined ? most : Math.max(least, Math.min(most, Math.floor(limitBytes / part)));
  const bodiesBytes = share(16, MIN_BODIES_BYTES, MAX_BODIES_BYTES);
  const cacheBytes = mode === 'local' ? share(16, MIN_CACHE_BYTES, MAX_CACHE_BYTES) : 0;
  const answerBytes = share(64, MIN_ANSWER_BYTES, MAX_ANSWER_BYTES);
  const besidesBytes = BESIDES_BYTES[mode] + (tee ? TEE_BESIDES_BYTES : 0);
  const left = limitBytes === undefined ? Infinity : limitBytes - besidesBytes - bodiesBytes - cacheBytes;
  const defaultBytes = Math.max(MIN_BUFFER_BYTES, Math.min(share(BUFFERS_PART[mode], MIN_BUFFER_BYTES, MAX_BUFFER_BYTES), left));
  const waitingBytes = askedBytes > 0 ? askedBytes : defaultBytes;
  const teeBytes = tee ? Math.floor(waitingBytes / 2) : 0;
  return { limitBytes, bufferBytes: waitingBytes - teeBytes, teeBytes, bodiesBytes, cacheBytes, answerBytes, besidesBytes };
}

/** Why a budget that was configured may not fit into the memory limit; undefined when it does. */
export function memoryProblem({ limitBytes, bufferBytes, teeBytes, bodiesBytes, cacheBytes, besidesBytes }: MemoryBudget): string | undefined {
  if (limitBytes === undefined) return undefined;
  const others = bodiesBytes + cacheBytes + besidesBytes;
  const waitingBytes = bufferBytes + teeBytes;
  const needed = waitingBytes + others;
  if (needed <= limitBytes) return undefined;
  const most = Math.max(MIN_BUFFER_BYTES / MB, Math.floor((limitBytes - others) / MB));
  const subject = teeBytes === 0 ? `a buffer of ${inMb(waitingBytes)} needs` : `two buffers (--tee) with a sum of ${inMb(waitingBytes)} need`;
  const figures = `${subject} a limit of ${inMb(needed)}, but this process is limited to ${inMb(limitBytes)}`;
  return `${figures}: it may be killed for memory. Raise the limit, or set --buffer-memory to ${most} or less`;
}

function inMb(bytes: number): string {
  return `${Math.ceil(bytes / MB)} MiB`;
}
