import { open, rename, type FileHandle } from 'node:fs/promises';

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

/** Reads a file of `bytes` bytes into `memory`, which has a byte more, to see that there is none. */
export async function readBatchFile(path: string, memory: Buffer, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { bytesRead } = await handle.read(memory, 0, bytes + 1, 0);
    return memory.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
