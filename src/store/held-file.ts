import { statSync, type Stats } from 'node:fs';
import { lockFile, type FileLock } from '../pipeline/file-lock.ts';
import { isSameFile, statIfThere } from '../pipeline/file-stats.ts';

/** SQLite keeps them open as long as the file. */
const OPENED_BESIDE = ['-wal', '-shm'];

/** A file that this process holds by locking another file beside it, as long as nobody deletes or moves either. */
export class HeldFile {
  readonly file: string;
  readonly #lockPath: string;
  #lock: FileLock;
  #lockStats: Stats | undefined;
  /** The open file and SQLite's files beside it, from the first check on. */
  readonly #opened = new Map<string, Stats>();

  /** `lock` is the lock of `lockPath`. */
  constructor(file: string, lockPath: string, lock: FileLock) {
    this.file = file;
    this.#lockPath = lockPath;
    this.#lock = lock;
    this.#lockStats = statSync(lockPath, { throwIfNoEntry: false });
  }

  /**
   * Why another process may use the file too, with the remedy. Recreates a missing lock file. The first call, once the
   * file is open, remembers which file that is. Rejects with the disk's error.
   */
  async problem(): Promise<string | undefined> {
    const replaced = await this.#replaced();
    if (!(await this.#keepLocked())) {
      return `another xrayd uses ${this.file} too, because the lock file ${this.#lockPath} was deleted. Stop one of them now: each overwrites the other's traces`;
    }
    return replaced;
  }

  /** Which file was deleted, moved or replaced, with the remedy. */
  async #replaced(): Promise<string | undefined> {
    for (const path of [this.file, ...OPENED_BESIDE.map((end) => this.file + end)]) {
      const there = await statIfThere(path);
      const opened = this.#opened.get(path) ?? there;
      if (opened === undefined || isSameFile(there, opened)) {
        if (opened !== undefined) this.#opened.set(path, opened);
        continue;
      }
      const what = `${path} ${there === undefined ? 'was deleted or moved' : 'was replaced by another file'} while it was in use`;
      return path === this.file
        ? `${what}: traces stored from now on are lost when xrayd stops. Save the traces (xrayd export), then restart xrayd`
        : `${what}: traces are lost if xrayd is killed. Restart it (SIGTERM) before other programs open ${this.file}`;
    }
    return undefined;
  }

  release(): void {
    this.#lock.release();
  }

  /** False if another process has the lock. */
  async #keepLocked(): Promise<boolean> {
    const there = await statIfThere(this.#lockPath);
    if (isSameFile(there, this.#lockStats)) return true;
    const lock = lockFile(this.#lockPath, 'create');
    // Deleted again in between: the next check tries again.
    if (typeof lock === 'string') return lock === 'missing';
    this.#lock.release();
    this.#lock = lock;
    this.#lockStats = statSync(this.#lockPath, { throwIfNoEntry: false });
    return true;
  }
}
