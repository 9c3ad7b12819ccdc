import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';

const V1_FOLDER = '/memory';

export interface MemoryLimitSources {
  /** Where control groups are mounted. */
  readonly cgroups: string;
  /** The control groups of this process: /proc/self/cgroup. */
  readonly membership: string;
  readonly machineBytes: number;
  /** The limit that Node found. */
  readonly constrainedBytes: number;
}

const OF_THIS_PROCESS = (): MemoryLimitSources => ({
  cgroups: '/sys/fs/cgroup',
  membership: read('/proc/self/cgroup'),
  machineBytes: totalmem(),
  constrainedBytes: process.constrainedMemory(),
});

/**
 * The memory that this process may use, in bytes: the smallest limit of its control group and all groups above it, of
 * version 2 or 1; undefined if no limit is below the machine's memory. Node's own value ignores the groups above, such
 * as a pod's or a slice's.
 */
export function memoryLimitBytes(sources: MemoryLimitSources = OF_THIS_PROCESS()): number | undefined {
  const { machineBytes, constrainedBytes } = sources;
  // Without a limit, the kernel reports 0, "max" or a number larger than any machine.
  const limits = [constrainedBytes, ...versionTwo(sources), ...versionOne(sources)].filter(
    (bytes) => bytes > 0 && bytes < machineBytes,
  );
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function versionTwo({ cgroups, membership }: MemoryLimitSources): number[] {
  const path = /^0::(\/.*)$/m.exec(membership)?.[1];
  if (path === undefined) return [];
  return foldersUp(path).flatMap((folder) =>
    ['memory.max', 'memory.high'].map((name) => bytesOf(read(join(cgroups, folder, name)))),
  );
}

/**
 * The kernel reports the smallest limit of all groups above as well. In a container, the process's group is mounted as
 * the root.
 */
function versionOne({ cgroups, membership }: MemoryLimitSources): number[] {
  const path = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(membership)?.[1];
  if (path === undefined) return [];
  const limitIn = (folder: string): number =>
    bytesOf(
      /^hierarchical_memory_limit (\d+)$/m.exec(read(join(cgroups, V1_FOLDER, folder, 'memory.stat')))?.[1] ?? '',
    );
  return [limitIn(path), limitIn('/')];
}

/** `/a/b`, `/a`, `/`. */
function foldersUp(path: string): string[] {
  const folders = [path];
  for (let folder = path; folder !== '/' && folder !== '.';) folders.push((folder = dirname(folder)));
  return folders;
}

function bytesOf(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : 0;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
