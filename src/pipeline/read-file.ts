import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { constants, open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.ts';
import { systemCodeOf } from './errors.ts';

const LOOK_MS = 50;
const STEP_BYTES = 64 * 1024;
const GIVEN_UP = new Error('given up');
/** Reads that have not ended, by path: a disk that is away must not take one of libuv's threads after the other. */
const reading = new Map<string, Promise<Buffer>>();

export interface ReadLimits {
  readonly timeoutMs: number;
  readonly maxBytes?: number;
}

/**
 * The text of a file that somebody else writes: configuration, credentials, tokens. Waits at most `timeoutMs`, whatever `path` is: a pipe that
 * nobody writes to blocks no thread, and a disk that hangs blocks one, however often it is asked.
 * Rejects with the system's error, a DeadlineError, or an Error that says that it is too large.
 */
export async function readTextFile(path: string, limits: ReadLimits): Promise<string> {
  return (await readWithin(path, limits)).toString('utf8');
}

/** The same, its bytes. */
export function readWithin(path: string, { timeoutMs, maxBytes = 1024 * 1024 }: ReadLimits): Promise<Buffer> {
  return within(timeoutMs, path, async (signal) => {
    for (;;) {
      try {
        return await shared(path, maxBytes, signal);
      } catch (error) {
        // The read that was joined was another caller's, and is over.
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
    const mayHaveNoWriterYet = (await handle.stat()).isFIFO();
    const chunks: Buffer[] = [];
    let length = 0;
    while (!signal.aborted) {
      const chunk = await readSome(handle);
      // Everything else, /dev/null too, says so when it has ended.
      if (chunk?.length === 0 && (!mayHaveNoWriterYet || length > 0)) return Buffer.concat(chunks);
      if (chunk === undefined || chunk.length === 0) {
        await sleep(LOOK_MS);
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

/**
 * The text (latin1) of a file that is needed in this turn. A pipe is refused, for it could stop the process; so could a disk that is away, which
 * nothing but the kernel can end: for what comes with the system or the image only. Throws the system's error, or an Error that says what it is.
 */
export function readRegularFile(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('is no regular file');
    return readFileSync(descriptor, 'latin1');
  } finally {
    closeSync(descriptor);
  }
}

/** The same, for a file that somebody else names: what hangs is the caller's to give up. */
export async function readRegularText(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await handle.stat()).isFile()) throw new Error('is no regular file');
    return await handle.readFile('latin1');
  } finally {
    await handle.close();
  }
}
