import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../pipeline/errors.ts';
import { isInMemory } from '../../pipeline/file-systems.ts';
import { makeFolders } from '../../pipeline/folders.ts';
import type { Logger } from '../../pipeline/logger.ts';
import { Leftovers } from './leftovers.ts';
import { OwnedFolder, type HeldFile } from './owned-folder.ts';

/** If other processes' files leave no space for a write, a scan older than this is repeated. */
const RESCAN_AFTER_MS = 100;
/** How long to wait for a running move at shutdown; the next process moves the remaining files. */
const STOP_TIMEOUT_MS = 1_000;

export interface SharedFolderDeps {
  /** The folder that `--spool` names. */
  readonly root: string;
  readonly log: Logger;
  readonly now: () => number;
  /** How often to look for files of ended processes. */
  readonly lookEveryMs: number;
  /** Called in the same turn in which files have become this process's. */
  readonly onAdopted: (files: readonly HeldFile[]) => void;
  /** Names of the files that this process already owns. */
  readonly heldNames: () => ReadonlySet<string>;
  /** How many more files this process may own. */
  readonly freeFiles: () => number;
  /** Called before each scan. */
  readonly onLook: () => Promise<void>;
  /** Called after a scan that adopted files. */
  readonly onLooked: () => void;
  /** Called with the disk's error; with undefined when the disk works. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * The spool folder, which any number of processes share: this process's own folder in it, and the files that ended
 * processes left.
 */
export class SharedFolder {
  readonly #deps: SharedFolderDeps;
  readonly #leftovers: Leftovers;
  #own: OwnedFolder | undefined;
  /** Folders that somebody moved or deleted: this process still owns its files in them. */
  readonly #moved = new Set<OwnedFolder>();
  #opening: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #othersBytes = 0;
  #lookedAtMs = -Infinity;
  #isClosed = false;
  #isInMemory = false;

  constructor(deps: SharedFolderDeps) {
    this.#deps = deps;
    this.#leftovers = new Leftovers({
      ...deps,
      unlockedForMs: 3 * deps.lookEveryMs,
      freeFiles: () => (this.#isClosed ? 0 : deps.freeFiles()),
    });
  }

  /** This process's folder; undefined while the disk does not allow one. */
  get own(): OwnedFolder | undefined {
    return this.#own;
  }

  /** Whether the folder's files count towards the memory limit of this process. */
  get isInMemory(): boolean {
    return this.#isInMemory;
  }

  /** Bytes in files that this process does not own, at the last scan. */
  get othersBytes(): number {
    return this.#othersBytes;
  }

  /** Creates a folder for this process unless it has one; the next call retries what failed. Never rejects. */
  open(): Promise<void> {
    if (this.#own !== undefined) return Promise.resolve();
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Looks for files of ended processes, now and periodically from now on. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      clearTimeout(this.#timer);
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.look(), this.#deps.lookEveryMs).unref();
    });
    return this.#looking;
  }

  /** Scans again if the last scan is old: another process may have freed space. */
  async lookAgain(): Promise<void> {
    if (this.#othersBytes > 0 && this.#deps.now() - this.#lookedAtMs > RESCAN_AFTER_MS) await this.look();
  }

  /**
   * Stops writing to a folder that was moved or deleted, so that `open` creates a new one. Files in the old folder are
   * read from their new place.
   */
  async leaveIfAway(): Promise<void> {
    const own = this.#own;
    const isAway = await own?.isAway().catch(() => false);
    if (isAway !== true || own === undefined || this.#own !== own) return;
    this.#own = undefined;
    this.#moved.add(own);
    this.#deps.log.warn(
      { folder: own.path },
      "this process's folder of the spool was moved or deleted; creating a new one",
    );
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const timeout = new AbortController();
    await Promise.race([this.#looking, sleep(STOP_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => {})]);
    timeout.abort();
    await this.#leave();
  }

  async #open(): Promise<void> {
    const { root, onTrouble } = this.#deps;
    try {
      makeFolders(root, 0o700);
      this.#isInMemory = isInMemory(await statfs(root));
      this.#own = await OwnedFolder.create(root);
      onTrouble(undefined);
    } catch (error) {
      onTrouble(error);
      await this.#takeOver();
    }
    if (this.#isClosed) await this.#leave();
  }

  /** A full disk has no space for a folder until the files of processes that have ended are sent. */
  async #takeOver(): Promise<void> {
    this.#own = await this.#leftovers.takeOver();
    if (this.#own === undefined) return;
    // The next write finds out whether the disk still has a problem.
    this.#deps.onTrouble(undefined);
    this.#deps.onLooked();
  }

  async #look(): Promise<void> {
    await this.#deps.onLook();
    await this.leaveIfAway();
    await this.#leaveMoved(({ isDone }) => isDone);
    await this.open();
    if (this.#own === undefined || this.#isClosed) return;
    try {
      this.#own.keepLocked();
      const { files, othersBytes } = await this.#leftovers.adopt(this.#own);
      this.#othersBytes = othersBytes;
      this.#lookedAtMs = this.#deps.now();
      if (files > 0) this.#deps.onLooked();
    } catch (error) {
      const { root, log } = this.#deps;
      log.limited(
        'spool_look',
        'warn',
        { folder: root, reason: messageOf(error) },
        'cannot look for spool files of processes that have ended',
      );
    }
  }

  async #leave(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    await own?.close();
    await this.#leaveMoved(() => true);
  }

  async #leaveMoved(isOver: (folder: OwnedFolder) => boolean): Promise<void> {
    for (const folder of [...this.#moved].filter(isOver)) {
      this.#moved.delete(folder);
      await folder.close();
    }
  }
}
