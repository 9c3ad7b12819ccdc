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

/** Whether a name in the spool is the name of a process's folder. */
export function isOwnersName(name: string): boolean {
  return NAME.test(name);
}

/** A file that this process owns, and its folder. */
export interface HeldFile extends SpoolEntry {
  readonly folder: OwnedFolder;
}

/**
 * A folder that belongs to this process, which holds the lock on a file in it. Only the process that creates a folder
 * creates its lock file, and only the holder of the lock moves or removes files in the folder, so a folder has one
 * owner at every moment.
 */
export class OwnedFolder {
  /** Where the folder was created or found. */
  readonly path: string;
  /** Handle for syncing the folder. */
  readonly directory: FileHandle;
  #lock: FileLock;
  /**
   * Path of the folder by its descriptor, where that exists (Linux): the folder may be moved, and something else put in
   * its place.
   */
  #base: string;
  #files = 0;

  private constructor(path: string, directory: FileHandle, lock: FileLock) {
    this.path = path;
    this.directory = directory;
    this.#lock = lock;
    const byDescriptor = `/proc/self/fd/${directory.fd}`;
    this.#base = existsSync(byDescriptor) ? byDescriptor : path;
  }

  /** Whether this process is done with all files of the folder. */
  get isDone(): boolean {
    return this.#files === 0;
  }

  /** The path of a file in the folder. */
  at(name: string): string {
    return join(this.#base, name);
  }

  /** Counts a file of the folder. Call `letGo` when it has left the folder. */
  hold(entry: SpoolEntry): HeldFile {
    this.#files++;
    return { ...entry, folder: this };
  }

  letGo(): void {
    this.#files--;
  }

  /** Creates and locks a folder in `root`, which exists. Rejects with the disk's error. */
  static async create(root: string): Promise<OwnedFolder> {
    for (let tries = 0; tries < TRIES; tries++) {
      const path = join(root, `xrayd-${randomBytes(8).toString('hex')}`);
      await mkdir(path, { mode: 0o700 });
      const lock = lockFile(join(path, LOCK_FILE), 'create');
      if (typeof lock === 'object') return OwnedFolder.#of(path, lock);
    }
    throw new Error(`cannot lock a new folder in ${root}`);
  }

  /**
   * Claims another process's folder: `held` while that process runs, `gone` if the folder is empty. `unlocked`:
   * somebody deleted the lock file. A running process would recreate it; set `mayMakeLock` only if none can be running.
   * Rejects with the disk's error.
   */
  static async claim(path: string, mayMakeLock: boolean): Promise<OwnedFolder | 'held' | 'gone' | 'unlocked'> {
    let lock = lockFile(join(path, LOCK_FILE), 'existing');
    if (lock === 'missing') {
      // The folder is being created or removed, or somebody deleted its lock file.
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

  /**
   * Whether `path` no longer leads to this folder: somebody deleted or moved it, or mounted over it. Rejects with the
   * disk's error.
   */
  async isAway(): Promise<boolean> {
    const [own, there] = await Promise.all([this.directory.stat(), statIfThere(this.path)]);
    return !isSameFile(there, own);
  }

  /** Recreates the lock file if somebody deleted it: without it, the folder looks abandoned. */
  keepLocked(): void {
    const path = this.at(LOCK_FILE);
    const lock = existsSync(path) ? undefined : lockFile(path, 'create');
    if (typeof lock !== 'object') return;
    this.#lock.release();
    this.#lock = lock;
  }

  /** Releases the folder, and removes it if only the lock file is left. Never rejects. */
  async close(): Promise<void> {
    try {
      if ((await readdir(this.#base)).length > 1) return;
      const path = this.#base === this.path ? this.path : await readlink(this.#base);
      await unlink(this.at(LOCK_FILE));
      await rmdir(path);
    } catch {
      // Another process will find the folder and try again.
    } finally {
      // The descriptor's number may soon belong to another file.
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
