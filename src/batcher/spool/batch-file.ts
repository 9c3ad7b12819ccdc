import { constants, open, rename, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../pipeline/errors.ts';

/** A file that is to be written. */
export interface NewFile {
  readonly path: string;
  /** The contents, and their length. */
  readonly parts: readonly Buffer[];
  readonly bytes: number;
}

/** Enough to hide the latency of a sync; libuv has a few threads more. */
const MAX_WRITES = 4;

/**
 * Writes temporary files, syncs and renames them: a crash leaves a whole file or none. `directory` is their open
 * folder. Rejects with the first error once no file is being written; some of the files may exist then.
 */
export async function writeBatchFiles(files: readonly NewFile[], directory: FileHandle): Promise<void> {
  const left = files.values();
  const work = async (): Promise<void> => {
    for (const file of left) await writeBatchFile(file);
  };
  const writers = Array.from({ length: Math.min(MAX_WRITES, files.length) }, work);
  for (const result of await Promise.allSettled(writers)) if (result.status === 'rejected') throw result.reason;
  await directory.sync();
}

async function writeBatchFile({ path, parts, bytes }: NewFile): Promise<void> {
  const handle = await open(`${path}.part`, 'wx', 0o600);
  try {
    const { bytesWritten } = await handle.writev(parts);
    // A disk that becomes full takes what fits, and says why with the rest.
    if (bytesWritten < bytes) await handle.writeFile(Buffer.concat(parts).subarray(bytesWritten));
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.part`, path);
}

/**
 * Errors of the file itself. Any other error (no free descriptor, a permission that was removed, no memory) concerns
 * the process or the folder, and is temporary.
 */
const LOST = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EIO', 'EUCLEAN', 'EBADMSG']);

/** Whether reading the file again is pointless. */
export function isLost(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === undefined || LOST.has(code);
}

/**
 * Reads a file of `bytes` bytes into `memory`, which has one extra byte to detect a longer file. Does not wait for a
 * pipe or similar.
 */
export async function readBatchFile(path: string, memory: Buffer, bytes: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is not a regular file');
    const { bytesRead } = await handle.read(memory, 0, bytes + 1, 0);
    return memory.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
