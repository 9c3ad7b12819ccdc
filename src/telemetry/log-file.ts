import { createWriteStream, fstat, unlinkSync, type Stats, type WriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { monotonicMs } from '../pipeline/clock.ts';
import { systemCodeOf } from '../pipeline/errors.ts';
import { lockFile } from '../pipeline/file-lock.ts';
import { isSameFile, statIfThere } from '../pipeline/file-stats.ts';
import { makeFolders } from '../pipeline/folders.ts';
import { MB } from '../pipeline/units.ts';

const statOfDescriptor = promisify<number, Stats>(fstat);

/** compat: aws-xray-daemon's limits. */
const MAX_BYTES = 50 * MB;
const KEPT_FILES = 5;
/** How often a file that is written to is looked at, in time and in bytes. */
const LOOK_MS = 1_000;
const LOOK_BYTES = 1024 * 1024;
/** Lines that wait for a disk that does not take them; those after it are the caller's. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface LogFileConfig {
  readonly path: string;
  readonly hasRotation: boolean;
  readonly maxBytes?: number;
  /** Told once, when the file cannot be written any more. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * A log file that several processes may write: each line is appended. A file of 50 MB becomes `.1`, by one of them, which holds a lock meanwhile; the
 * others see within a second that the file under the name is another, and write to that. So they do when a tool such as logrotate moves it.
 */
export class LogFile {
  readonly #config: LogFileConfig;
  #stream: WriteStream;
  /** What the stream writes to. */
  #file: Stats;
  #lookedAtMs = monotonicMs();
  #bytesSince = 0;
  #looking: Promise<void> | undefined;
  #isBroken = false;

  private constructor(config: LogFileConfig, stream: WriteStream, file: Stats) {
    this.#config = config;
    this.#stream = stream;
    this.#file = file;
    this.#watch(stream);
  }

  /** Rejects with the disk's error. */
  static async open(config: LogFileConfig): Promise<LogFile> {
    // compat: the reference makes the folders.
    makeFolders(dirname(config.path));
    const { stream, file } = await openStream(config.path);
    return new LogFile(config, stream, file);
  }

  /** Returns false when the line is still the caller's. */
  write(line: string): boolean {
    if (this.#isBroken || this.#stream.writableLength > MAX_WAITING_BYTES) return false;
    this.#stream.write(line);
    this.#bytesSince += line.length;
    const { maxBytes = MAX_BYTES } = this.#config;
    const isDue = this.#bytesSince >= Math.min(LOOK_BYTES, maxBytes / 8) || monotonicMs() - this.#lookedAtMs >= LOOK_MS;
    if (isDue) void this.reopen();
    return true;
  }

  /** Looks at once whether the file under the name is another one, and writes to that from then on. Never rejects. */
  reopen(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async close(): Promise<void> {
    await this.#looking;
    await new Promise<void>((done) => void this.#stream.end(() => done()));
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = monotonicMs();
    this.#bytesSince = 0;
    const { path, hasRotation, maxBytes = MAX_BYTES } = this.#config;
    try {
      const there = await statIfThere(path);
      const isSame = there !== undefined && isSameFile(there, this.#file);
      if (isSame && !(hasRotation && there.isFile() && there.size >= maxBytes && (await roll(path, this.#file)))) return;
      const { stream, file } = await openStream(path);
      this.#stream.end();
      this.#watch(stream);
      this.#stream = stream;
      this.#file = file;
    } catch (error) {
      // The file that is open goes on; the next look tries again.
      this.#config.onBroken(error);
    }
  }

  #watch(stream: WriteStream): void {
    stream.on('error', (error) => {
      if (!this.#isBroken) this.#config.onBroken(error);
      this.#isBroken = true;
    });
  }
}

/** Whether the file is another one now. False when another process is rolling it. */
async function roll(path: string, file: Stats): Promise<boolean> {
  const lockPath = `${path}.lock`;
  const lock = lockFile(lockPath, 'create');
  if (typeof lock === 'string') return false;
  try {
    const there = await statIfThere(path);
    if (!isSameFile(there, file)) return true;
    for (let n = KEPT_FILES; n > 0; n--) await renameIfThere(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`);
    return true;
  } finally {
    unlinkSync(lockPath);
    lock.release();
  }
}

async function openStream(path: string): Promise<{ stream: WriteStream; file: Stats }> {
  const there = await statIfThere(path);
  // To open a pipe would wait for its reader.
  if (there !== undefined && !there.isFile() && !there.isCharacterDevice()) throw new Error(`${path} is not a file`);
  const stream = createWriteStream(path, { flags: 'a' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  stream.once('open', resolve);
  stream.once('error', reject);
  // Not the path's: another process may have rolled it meanwhile.
  const file = await statOfDescriptor(await promise);
  stream.off('error', reject);
  return { stream, file };
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}
