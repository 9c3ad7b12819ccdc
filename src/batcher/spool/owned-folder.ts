import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readlink, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../../pipeline/errors.ts';
import { lockFile, type FileLock } from '../../pipeline/file-lock.ts';
import { isSameFile, statIfThere } from '../../pipeline/file-stats.ts';
import { parseName, type SpoolEntry } from './format.ts';

export const LOCK_FILE = 'owner.lock';
const NAME = /^xrayd-[0-9a-f]{16}$/;
/** Another process that looks for leftovers may remove a folder between its creation and its lock. */
const TRIES = 5;

/** Whether a name in the spool is that of a process's folder. */
export function isOwnersName(name: string): boolean {
  return NAME.test(name);
}

/** A file of this process, in the folder that it is in. */
export interface HeldFile extends SpoolEntry {
  readonly folder: OwnedFolder;
}

/**
 * A folder that belongs to this process, by the lock of a file inside it. Only the process that creates a folder creates its lock file, and only
 * the process that holds the lock moves or removes what is in the folder; so a folder has one owner at every moment.
 */
export class OwnedFolder {
  /** Where it was made or found. */
  readonly path: string;
  /** To sync it. */
  readonly directory: FileHandle;
  #lock: FileLock;
  /** Its files are found by its descriptor, where there is such a path (Linux): somebody may move it, and put something else in its place. */
  #base: string;
  #files = 0;

  private constructor(path: string, directory: FileHandle, lock: FileLock) {
    this.path = path;
    this.directory = directory;
    this.#lock = lock;
    const byDescriptor = `/proc/self/fd/${directory.fd}`;
    this.#base = existsSync(byDescriptor) ? byDescriptor : path;
  }

  /** Whether none of its files is this process's concern any more. */
  get isDone(): boolean {
    return this.#files === 0;
  }

  /** The path of a file in it. */
  at(name: string): string {
    return join(this.#base, name);
  }

  /** To be let go when it is not in the folder any more. */
  hold(entry: SpoolEntry): HeldFile {
    this.#files++;
    return { ...entry, folder: this };
  }

  letGo(): void {
    this.#files--;
  }

  /** A new one in `root`, which exists. Rejects with the disk's error. */
  static async create(root: string): Promise<OwnedFolder> {
    for (let tries = 0; tries < TRIES; tries++) {
      const path = join(root, `xrayd-${randomBytes(8).toString('hex')}`);
      await mkdir(path, { mode: 0o700 });
      const lock = lockFile(join(path, LOCK_FILE), 'create');
      if (typeof lock === 'object') return OwnedFolder.#of(path, lock);
    }
    throw new Error(`no folder in ${root} could be locked`);
  }

  /**
   * One that another process left; `held` while that one lives, `gone` when there is nothing in it. `unlocked`: somebody deleted its lock file, which
   * a living process makes again; only `mayMakeLock` says that none does. Rejects with the disk's error.
   */
  static async claim(path: string, mayMakeLock: boolean): Promise<OwnedFolder | 'held' | 'gone' | 'unlocked'> {
    let lock = lockFile(join(path, LOCK_FILE), 'existing');
    if (lock === 'missing') {
      // It is being created or removed, or somebody deleted the lock file.
      if (await removeEmpty(path)) return 'gone';
      const names = await readdir(path);
      if (names.includes(LOCK_FILE) || !names.some((name) => typeof parseName(name) === 'object')) return 'held';
      if (!mayMakeLock) return 'unlocked';
      lock = lockFile(join(path, LOCK_FILE), 'create');
    }
    if (typeof lock === 'object') return OwnedFolder.#of(path, lock);
    return lock === 'held' ? 'held' : 'gone';
  }

  static async #of(path: string, lock: FileLock): Promise<OwnedFolder> {
    try {
      return new OwnedFolder(path, await open(path, 'r'), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Whether its name leads to it no longer, since somebody deleted or moved it, or mounted something over it. Rejects with the disk's error. */
  async isAway(): Promise<boolean> {
    const [own, there] = await Promise.all([this.directory.stat(), statIfThere(this.path)]);
    return !isSameFile(there, own);
  }

  /** Makes the lock file again when somebody deleted it: without it the folder looks like one that was left. */
  keepLocked(): void {
    const path = this.at(LOCK_FILE);
    const lock = existsSync(path) ? undefined : lockFile(path, 'create');
    if (typeof lock !== 'object') return;
    this.#lock.release();
    this.#lock = lock;
  }

  /** Gives it up, and removes it when nothing else is in it. Never rejects. */
  async close(): Promise<void> {
    try {
      if ((await readdir(this.#base)).length > 1) return;
      const path = this.#base === this.path ? this.path : await readlink(this.#base);
      await unlink(this.at(LOCK_FILE));
      await rmdir(path);
    } catch {
      // Another process finds it, and tries again.
    } finally {
      // The descriptor's number is soon another file's.
      this.#base = this.path;
      await this.directory.close().catch(() => {});
      this.#lock.release();
    }
  }
}

async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}
