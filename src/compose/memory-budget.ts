import type { Config } from '../config/schema.ts';
import { MB } from '../pipeline/units.ts';
import { memoryLimitBytes } from './memory-limit.ts';

/** The reference daemon's minimum. */
const MIN_BUFFER_BYTES = 3 * MB;
const MAX_BUFFER_BYTES = 64 * MB;
/** One body of the maximum size must always fit. */
const MIN_BODIES_BYTES = 6 * MB;
const MAX_BODIES_BYTES = 16 * MB;
/** For the store of the local X-Ray. */
const MIN_CACHE_BYTES = 8 * MB;
const MAX_CACHE_BYTES = 32 * MB;
const MIN_ANSWER_BYTES = 2 * MB;
const MAX_ANSWER_BYTES = 8 * MB;
const MAX_CONNECTIONS = 512;
const MIN_CONNECTIONS = 32;
/**
 * A connection takes 40 KB once it has sent 16 KB of headers. All servers together, with clients that send as much as
 * they may before a request is accepted, take a sixth of the limit.
 */
const BYTES_PER_CONNECTION = { base: MB, receiver: 2 * MB };
/**
 * Requests of a gRPC connection take 20 KB each. What all connections send at once takes an eighth of the limit, as the
 * number of connections is a share of it too.
 */
const MIN_STREAMS_OF_ONE = 12;
/** Source: RFC 9113, 6.5.2. */
const MAX_STREAMS_OF_ONE = 100;
const BYTES_PER_STREAM_OF_ONE = 80 * MB;
/**
 * What each mode needs besides these: code, V8's heap, the receive thread's ring buffer, calls in flight
 * (docs/reliability.md); the local X-Ray has two more threads.
 */
const BESIDES_BYTES: Readonly<Record<Mode, number>> = { daemon: 96 * MB, local: 108 * MB };

/** `--tee` adds calls to AWS: their code, TLS, and four batches in flight. */
const TEE_BESIDES_BYTES = 12 * MB;

const SCARCE_BYTES = 256 * MB;

/**
 * For files in memory, of the limit: what the daemon does not need even if the buffer is full; docs/reliability.md has
 * its peaks.
 */
const SPOOL_IN_MEMORY_PART = 8;
/** SQLite's log and the index must fit beside the traces. */
const STORE_IN_MEMORY_SHARE = 0.4;
const MIN_IN_MEMORY_BYTES = 8 * MB;
/** The name of a file and its place in line take 200 bytes: a tenth of the limit for all of them. */
const BYTES_PER_SPOOL_FILE = 2_048;

/** The local X-Ray stores what arrives within milliseconds, so its buffer can be smaller. */
const BUFFERS_PART: Readonly<Record<Mode, number>> = { daemon: 4, local: 8 };

type Mode = 'daemon' | 'local';

/** Memory limits of the parts of a process; together they stay below the process's memory limit. */
export interface MemoryBudget {
  /** The cgroup's limit; undefined if there is none. */
  readonly limitBytes: number | undefined;
  /** For waiting segments. */
  readonly bufferBytes: number;
  /**
   * For waiting copies of `--tee`; 0 without it. `bufferBytes` and `teeBytes` add up to the buffer's size without
   * `--tee`.
   */
  readonly teeBytes: number;
  /** For the bodies of all requests in progress. */
  readonly bodiesBytes: number;
  /** For SQLite's caches. */
  readonly cacheBytes: number;
  /**
   * For the traces that the local X-Ray reads for one response. A response page exists in several copies until it is
   * written.
   */
  readonly answerBytes: number;
  /**
   * Connections of one server: `base` is TCP 2000 or health, `receiver` one of other protocols. What a client sends
   * before its request is accepted is in no other budget.
   */
  readonly connections: {
    readonly base: number;
    readonly receiver: number;
    /** Requests under way on one connection over gRPC. */
    readonly streamsOfOne: number;
  };
  /**
   * For the store, or the spool, on a file system in memory (tmpfs), which the limit includes; Infinity without a limit.
   */
  readonly inMemoryBytes: number;
  /** Files that the spool may have; Infinity without a limit. */
  readonly spoolFiles: number;
  /** For everything else. */
  readonly besidesBytes: number;
}

/** Whether saving memory is more important than speed. */
export function isMemoryScarce(limitBytes: number | undefined = memoryLimitBytes()): boolean {
  return limitBytes !== undefined && limitBytes <= SCARCE_BYTES;
}

/**
 * Shares of the memory limit; --buffer-memory overrides the buffer's share. With `tee`, each of the two buffers gets
 * half of it.
 */
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
  const connections = {
    base: connectionsOf(limitBytes, BYTES_PER_CONNECTION.base),
    receiver: connectionsOf(limitBytes, BYTES_PER_CONNECTION.receiver),
    streamsOfOne: share(BYTES_PER_STREAM_OF_ONE, MIN_STREAMS_OF_ONE, MAX_STREAMS_OF_ONE),
  };
  const besidesBytes = BESIDES_BYTES[mode] + (tee ? TEE_BESIDES_BYTES : 0);
  const left = limitBytes === undefined ? Infinity : limitBytes - besidesBytes - bodiesBytes - cacheBytes;
  const defaultBytes = Math.max(
    MIN_BUFFER_BYTES,
    Math.min(share(BUFFERS_PART[mode], MIN_BUFFER_BYTES, MAX_BUFFER_BYTES), left),
  );
  const waitingBytes = askedBytes > 0 ? askedBytes : defaultBytes;
  const spareBytes =
    limitBytes === undefined || mode === 'local'
      ? (left - waitingBytes) * STORE_IN_MEMORY_SHARE
      : limitBytes / SPOOL_IN_MEMORY_PART;
  const inMemoryBytes = Math.max(MIN_IN_MEMORY_BYTES, Math.floor(spareBytes));
  const teeBytes = tee ? Math.floor(waitingBytes / 2) : 0;
  return {
    limitBytes,
    bufferBytes: waitingBytes - teeBytes,
    teeBytes,
    bodiesBytes,
    cacheBytes,
    answerBytes,
    connections,
    inMemoryBytes,
    spoolFiles: limitBytes === undefined ? Infinity : Math.floor(limitBytes / BYTES_PER_SPOOL_FILE),
    besidesBytes,
  };
}

function connectionsOf(limitBytes = Infinity, bytesPerConnection: number): number {
  return Math.max(MIN_CONNECTIONS, Math.min(MAX_CONNECTIONS, Math.floor(limitBytes / bytesPerConnection)));
}

/** Why the configured buffer may not fit into the memory limit; undefined if it fits. */
export function memoryProblem({
  limitBytes,
  bufferBytes,
  teeBytes,
  bodiesBytes,
  cacheBytes,
  besidesBytes,
}: MemoryBudget): string | undefined {
  if (limitBytes === undefined) return undefined;
  const others = bodiesBytes + cacheBytes + besidesBytes;
  const waitingBytes = bufferBytes + teeBytes;
  const needed = waitingBytes + others;
  if (needed <= limitBytes) return undefined;
  const most = Math.max(MIN_BUFFER_BYTES / MB, Math.floor((limitBytes - others) / MB));
  const subject =
    teeBytes === 0
      ? `a buffer of ${inMb(waitingBytes)} needs`
      : `two buffers (--tee) with a total of ${inMb(waitingBytes)} need`;
  const figures = `${subject} a limit of ${inMb(needed)}, but this process is limited to ${inMb(limitBytes)}`;
  return `${figures}: it may be killed for memory. Raise the limit, or set --buffer-memory to ${most} or less`;
}

function inMb(bytes: number): string {
  return `${Math.ceil(bytes / MB)} MiB`;
}
