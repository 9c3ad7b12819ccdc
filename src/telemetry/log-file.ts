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
/** How often to check a file that is being written, in time and in bytes. */
const CHECK_MS = 1_000;
const CHECK_BYTES = 1024 * 1024;
/** Limit of the lines that wait for a slow disk; later lines are returned to the caller. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface LogFileConfig {
  readonly path: string;
  readonly hasRotation: boolean;
  readonly maxBytes?: number;
  /** Called when the file can no longer be written. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * A log file that several processes may write: each line is appended. When it reaches 50 MB, one of the processes
 * renames it to `.1` while it holds a lock. The others notice within a second that the path leads to another file, and
 * switch to it; likewise if a tool such as logrotate moves the file.
 */
export class LogFile {
  readonly #config: LogFileConfig;
  #stream: WriteStream;
  /** The file that the stream writes to. */
  #file: Stats;
  #checkedAtMs = monotonicMs();
  #bytesSince = 0;
  #checking: Promise<void> | undefined;
  #isBroken = false;

  private constructor(config: LogFileConfig, stream: WriteStream, file: Stats) {
    this.#config = config;
    this.#stream = stream;
    this.#file = file;
    this.#watch(stream);
  }

  /** Rejects with the disk's error. */
  static async open(config: LogFileConfig): Promise<LogFile> {
    // compat: the reference daemon creates the folders.
    makeFolders(dirname(config.path));
    const { stream, file } = await openStream(config.path);
    return new LogFile(config, stream, file);
  }

  /** Returns false if the line was not accepted. */
  write(line: string): boolean {
    if (this.#isBroken || this.#stream.writableLength > MAX_WAITING_BYTES) return false;
    this.#stream.write(line);
    this.#bytesSince += line.length;
    const { maxBytes = MAX_BYTES } = this.#config;
    const isDue =
      this.#bytesSince >= Math.min(CHECK_BYTES, maxBytes / 8) || monotonicMs() - this.#checkedAtMs >= CHECK_MS;
    if (isDue) void this.reopen();
    return true;
  }

  /** Checks at once whether the path leads to another file, and if so, switches to it. Never rejects. */
  reopen(): Promise<void> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async close(): Promise<void> {
    await this.#checking;
    await new Promise<void>((done) => void this.#stream.end(() => done()));
  }

  async #check(): Promise<void> {
    this.#checkedAtMs = monotonicMs();
    this.#bytesSince = 0;
    const { path, hasRotation, maxBytes = MAX_BYTES } = this.#config;
    try {
      const there = await statIfThere(path);
      const isSame = there !== undefined && isSameFile(there, this.#file);
      if (isSame && !(hasRotation && there.isFile() && there.size >= maxBytes && (await roll(path, this.#file))))
        return;
      const { stream, file } = await openStream(path);
      this.#stream.end();
      this.#watch(stream);
      this.#stream = stream;
      this.#file = file;
    } catch (error) {
      // Keep writing to the open file; the next check tries again.
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

/** Whether the path now leads to another file. False if another process is rotating it. */
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
  // Opening a pipe would wait for its reader.
  if (there !== undefined && !there.isFile() && !there.isCharacterDevice()) throw new Error(`${path} is not a file`);
  const stream = createWriteStream(path, { flags: 'a' });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  stream.once('open', resolve);
  stream.once('error', reject);
  // Stats of the descriptor, not of the path: another process may have rotated the file.
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
