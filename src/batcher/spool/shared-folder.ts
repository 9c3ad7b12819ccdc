import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../pipeline/errors.ts';
import { makeFolders } from '../../pipeline/folders.ts';
import type { Logger } from '../../pipeline/logger.ts';
import { Leftovers } from './leftovers.ts';
import { OwnedFolder, type HeldFile } from './owned-folder.ts';

/** How old the last look may be where another process's files leave no room for a write. */
const LOOK_AGAIN_MS = 100;
/** A move that runs at the end is waited for this long; what is not moved by then is for the next process. */
const STOP_PATIENCE_MS = 1_000;

export interface SharedFolderDeps {
  /** The folder that `--spool` names. */
  readonly root: string;
  readonly log: Logger;
  readonly now: () => number;
  /** How often files of ended processes are looked for. */
  readonly lookEveryMs: number;
  /** Told of files in the same turn in which they have become this process's. */
  readonly onAdopted: (files: readonly HeldFile[]) => void;
  /** Names of the files that are this process's already. */
  readonly heldNames: () => ReadonlySet<string>;
  /** Called before each look. */
  readonly onLook: () => Promise<void>;
  /** Told after a look that adopted something. */
  readonly onLooked: () => void;
  /** Told what the disk said; undefined when it works. */
  readonly onTrouble: (error: unknown) => void;
}

/** The spool's folder, which any number of processes share: the folder of this process in it, and what ended processes left. */
export class SharedFolder {
  readonly #deps: SharedFolderDeps;
  readonly #leftovers: Leftovers;
  #own: OwnedFolder | undefined;
  /** Folders that somebody moved or deleted: what this process has in them stays its own. */
  readonly #moved = new Set<OwnedFolder>();
  #opening: Promise<void> | undefined;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #othersBytes = 0;
  #lookedAtMs = -Infinity;
  #isClosed = false;

  constructor(deps: SharedFolderDeps) {
    this.#deps = deps;
    this.#leftovers = new Leftovers({ ...deps, unlockedForMs: 3 * deps.lookEveryMs, isOver: () => this.#isClosed });
  }

  /** This process's; undefined while the disk does not give one. */
  get own(): OwnedFolder | undefined {
    return this.#own;
  }

  /** What the folders of other living processes held at the last look. */
  get othersBytes(): number {
    return this.#othersBytes;
  }

  /** Makes a folder for this process, unless there is one; what failed is tried again by the next call. Never rejects. */
  open(): Promise<void> {
    if (this.#own !== undefined) return Promise.resolve();
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Looks for what ended processes left, now and from then on. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
      clearTimeout(this.#timer);
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.look(), this.#deps.lookEveryMs).unref();
    });
    return this.#looking;
  }

  /** Another process may have freed what it held at the last look. */
  async lookAgain(): Promise<void> {
    if (this.#othersBytes > 0 && this.#deps.now() - this.#lookedAtMs > LOOK_AGAIN_MS) await this.look();
  }

  /** Writes no more to a folder that was moved or deleted, so that `open` makes a new one. What is in it is read from where it is now. */
  async leaveIfAway(): Promise<void> {
    const own = this.#own;
    const isAway = await own?.isAway().catch(() => false);
    if (isAway !== true || own === undefined || this.#own !== own) return;
    this.#own = undefined;
    this.#moved.add(own);
    this.#deps.log.warn({ folder: own.path }, "somebody moved or deleted this process's folder of the spool; it makes another one");
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const patience = new AbortController();
    await Promise.race([this.#looking, sleep(STOP_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
    patience.abort();
    await this.#leave();
  }

  async #open(): Promise<void> {
    const { root, onTrouble } = this.#deps;
    try {
      makeFolders(root, 0o700);
      this.#own = await OwnedFolder.create(root);
      onTrouble(undefined);
      if (this.#isClosed) await this.#leave();
    } catch (error) {
      onTrouble(error);
    }
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
      log.limited('spool_look', 'warn', { folder: root, reason: messageOf(error) }, 'cannot look for what ended processes left in the spool');
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
