import { constants, open, rename, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../pipeline/errors.ts';

/** Written aside, synced, renamed: a crash leaves a whole file or none. `directory` is the open folder of `path`. */
export async function writeBatchFile(path: string, parts: readonly Buffer[], bytes: number, directory: FileHandle): Promise<void> {
  const handle = await open(`${path}.part`, 'wx', 0o600);
  try {
    const { bytesWritten } = await handle.writev(parts);
    if (bytesWritten !== bytes) throw new Error(`the disk took ${bytesWritten} of ${bytes} bytes`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.part`, path);
  await directory.sync();
}

/**
 * What can be wrong with a file itself. Any other error (no descriptor is free, a right that was taken away, no memory) is the process's or the
 * folder's, and passes.
 */
const LOST = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO', 'EIO', 'EUCLEAN', 'EBADMSG']);

/** Whether there is no point in reading the file again. */
export function isLost(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === undefined || LOST.has(code);
}

/** Reads a file of `bytes` bytes into `memory`, which has a byte more, to see that there is none. What is put in its place, such as a pipe, is not waited for. */
export async function readBatchFile(path: string, memory: Buffer, bytes: number): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is no regular file');
    const { bytesRead } = await handle.read(memory, 0, bytes + 1, 0);
    return memory.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
