import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.ts';
import { systemCodeOf } from './errors.ts';

const POLL_MS = 50;
const READ_BYTES = 64 * 1024;
const GIVEN_UP = new Error('given up');
/** Unfinished reads by path: a disk that hangs must not block one of libuv's threads after another. */
const reading = new Map<string, Promise<Buffer>>();

export interface ReadLimits {
  readonly timeoutMs: number;
  readonly maxBytes?: number;
}

/**
 * Reads a text file that others write: configuration, credentials, tokens. Waits at most `timeoutMs`, whatever `path`
 * is: a pipe without a writer blocks no thread, and a disk that hangs blocks only one, however often the file is read.
 * Rejects with the system's error, a DeadlineError, or an Error that reports that the file is too large.
 */
export async function readTextFile(path: string, limits: ReadLimits): Promise<string> {
  return (await readWithin(path, limits)).toString('utf8');
}

/** Like `readTextFile`, but returns the bytes. */
export function readWithin(path: string, { timeoutMs, maxBytes = 1024 * 1024 }: ReadLimits): Promise<Buffer> {
  return within(timeoutMs, path, async (signal) => {
    for (;;) {
      try {
        return await shared(path, maxBytes, signal);
      } catch (error) {
        // Another caller started this read and gave it up: read again.
        if (error !== GIVEN_UP || signal.aborted) throw error;
      }
    }
  });
}

function shared(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const running = reading.get(path);
  if (running !== undefined) return running;
  const work = read(path, maxBytes, signal).finally(() => reading.delete(path));
  reading.set(path, work);
  return work;
}

async function read(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    // The system's error of a read does not name the file.
    if (stats.isDirectory())
      throw Object.assign(new Error(`${path} is a folder, not a file`), { code: 'EISDIR', syscall: 'read' });
    const mayHaveNoWriterYet = stats.isFIFO();
    const chunks: Buffer[] = [];
    let length = 0;
    while (!signal.aborted) {
      const chunk = await readSome(handle);
      // All other files, even /dev/null, report their end with an empty read.
      if (chunk?.length === 0 && (!mayHaveNoWriterYet || length > 0)) return Buffer.concat(chunks);
      if (chunk === undefined || chunk.length === 0) {
        await sleep(POLL_MS);
        continue;
      }
      length += chunk.length;
      if (length > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    throw GIVEN_UP;
  } finally {
    await handle.close();
  }
}

/** undefined if nothing can be read yet. */
async function readSome(handle: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (systemCodeOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}

/**
 * Reads a file synchronously, as latin1. A pipe is refused, because it could block the process. A disk that hangs could
 * too, and only the kernel can end that: use this only for files of the system or the image. Throws the system's error,
 * or an Error that names the kind of file.
 */
export function readRegularFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('is not a regular file');
    return readFileSync(descriptor, 'latin1');
  } finally {
    closeSync(descriptor);
  }
}

/** Like `readRegularFile`, but asynchronous, for a path that a user gives: the caller sets the timeout. */
export async function readRegularText(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new Error('is not a regular file');
    return await handle.readFile('latin1');
  } finally {
    await handle.close();
  }
}
