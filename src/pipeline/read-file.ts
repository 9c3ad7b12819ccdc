import { constants, open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.ts';
import { systemCodeOf } from './errors.ts';

const LOOK_MS = 50;
const STEP_BYTES = 64 * 1024;
/** Reads that have not ended, by path: a disk that is away must not take one of libuv's threads after the other. */
const reading = new Map<string, Promise<string>>();

export interface ReadLimits {
  readonly timeoutMs: number;
  readonly maxBytes?: number;
}

/**
 * The text of a file that somebody else writes: configuration, credentials, tokens. Waits at most `timeoutMs`, whatever `path` is: a pipe that
 * nobody writes to blocks no thread, and a disk that hangs blocks one, however often it is asked.
 * Rejects with the system's error, a DeadlineError, or an Error that says that it is too large.
 */
export function readTextFile(path: string, { timeoutMs, maxBytes = 1024 * 1024 }: ReadLimits): Promise<string> {
  return within(timeoutMs, path, async (signal) => {
    let work = reading.get(path);
    if (work === undefined) {
      work = read(path, maxBytes, signal).finally(() => reading.delete(path));
      reading.set(path, work);
    }
    return work;
  });
}

async function read(path: string, maxBytes: number, signal: AbortSignal): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const isRegular = (await handle.stat()).isFile();
    const chunks: Buffer[] = [];
    let length = 0;
    while (!signal.aborted) {
      const chunk = await readSome(handle);
      // The writer of a pipe may be yet to come.
      if (chunk?.length === 0 && (isRegular || length > 0)) return Buffer.concat(chunks).toString('utf8');
      if (chunk === undefined || chunk.length === 0) {
        await sleep(LOOK_MS);
        continue;
      }
      length += chunk.length;
      if (length > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    throw new Error('given up');
  } finally {
    await handle.close();
  }
}

/** undefined when nothing can be read now. */
async function readSome(handle: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(STEP_BYTES), 0, STEP_BYTES, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (systemCodeOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}
