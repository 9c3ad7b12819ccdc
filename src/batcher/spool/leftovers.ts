import type { Dirent } from 'node:fs';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import { lockFile } from '../../pipeline/file-lock.ts';
import type { LogFields, Logger } from '../../pipeline/logger.ts';
import { parseName, type SpoolEntry } from './format.ts';
import { isOwnersName, LOCK_FILE, OwnedFolder, type HeldFile } from './owned-folder.ts';

/** Files that are moved before they are counted together. */
const MOVED_TOGETHER = 1_024;
/** compat: before each process had a folder of its own, files were in the spool itself, and their owner listened on this socket. */
const OLD_SOCKET = 'owner.sock';

export interface LeftoversDeps {
  /** The folder that `--spool` names. */
  readonly root: string;
  /** How long a folder with files has to be without a lock file before it is an ended process's: a living one makes it again sooner. */
  readonly unlockedForMs: number;
  /** Monotonic. */
  readonly now: () => number;
  /** Told of files in the same turn in which they have become this process's. */
  readonly onAdopted: (files: readonly HeldFile[]) => void;
  /** Names of the files that are this process's already: another file of the name is a copy. */
  readonly heldNames: () => ReadonlySet<string>;
  /** Whether to leave the rest to another process. */
  readonly isOver: () => boolean;
  readonly log: Logger;
}

/** What other processes left in the spool. */
export class Leftovers {
  readonly #deps: LeftoversDeps;
  /** What was complained about. */
  readonly #said = new Set<string>();
  /** Since when a folder has been seen without a lock file. */
  readonly #unlockedSince = new Map<string, number>();

  constructor(deps: LeftoversDeps) {
    this.#deps = deps;
  }

  /**
   * Looks once through the spool, and moves what ended processes left into `own`. Resolves with the number of files moved, and of bytes in the
   * folders of living processes. Rejects when the spool cannot be read.
   */
  async adopt(own: OwnedFolder): Promise<{ files: number; othersBytes: number }> {
    const { root, log } = this.#deps;
    const found = await readdir(root, { withFileTypes: true });
    const total = { files: 0, segments: 0, othersBytes: 0 };
    const onMoved = (entries: readonly SpoolEntry[]): void => {
      this.#deps.onAdopted(entries.map((entry) => own.hold(entry)));
      total.files += entries.length;
      for (const { segments } of entries) total.segments += segments;
    };
    const deps = { ...this.#deps, own, onMoved };
    for (const { name } of found.filter(isOwnersFolder)) {
      const path = join(root, name);
      if (path === own.path || deps.isOver()) continue;
      total.othersBytes += await this.#unlessUnreadable(path, () => this.#adopt(path, deps));
    }
    const files = found.filter((entry) => !isOwnersFolder(entry)).map(({ name }) => name);
    total.othersBytes += await this.#unlessUnreadable(root, () => adoptOldLayout(files, deps));
    this.#sayForeign(root, files);
    if (total.files > 0) {
      const { files: moved, segments } = total;
      log.info({ folder: root, segments, files: moved }, 'segments found in the spool; they are sent when nothing newer waits');
    }
    return total;
  }

  async #unlessUnreadable(folder: string, adopting: () => Promise<number>): Promise<number> {
    try {
      return await adopting();
    } catch (error) {
      // ENOENT: its owner removed it meanwhile.
      if (systemCodeOf(error) === 'ENOENT') return 0;
      const fields = { folder, reason: messageOf(error), uid: await ownerOf(folder), ownUid: process.getuid?.() };
      this.#sayOnce(folder, fields, UNREADABLE);
      return 0;
    }
  }

  /** Resolves with the bytes of a folder that is not adopted, since its owner lives. */
  async #adopt(path: string, deps: Adoption): Promise<number> {
    const nowMs = deps.now();
    const sinceMs = this.#unlockedSince.get(path) ?? nowMs;
    const folder = await OwnedFolder.claim(path, nowMs - sinceMs >= this.#deps.unlockedForMs);
    if (folder === 'unlocked') this.#unlockedSince.set(path, sinceMs);
    else this.#unlockedSince.delete(path);
    if (folder === 'gone') return 0;
    if (folder === 'held' || folder === 'unlocked') return bytesOf(await readdir(path));
    try {
      const names = await readdir(path);
      await move((file) => folder.at(file), names, deps);
      this.#sayForeign(path, names);
    } finally {
      await folder.close();
    }
    return 0;
  }

  #sayForeign(folder: string, names: readonly string[]): void {
    const files = names.filter((name) => parseName(name) === 'foreign' && !isKnown(name)).length;
    if (files > 0) this.#sayOnce(`foreign ${folder}`, { folder, files }, 'the spool holds files that are not its own; they are left alone');
  }

  #sayOnce(what: string, fields: LogFields, message: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.#deps.log.warn(fields, message);
  }
}

const UNREADABLE =
  'xrayd cannot read a folder of the spool, so the segments in it stay there. Run xrayd as the owner of the folder, or give it the folder (chown -R)';

interface Adoption {
  readonly root: string;
  readonly own: OwnedFolder;
  readonly onMoved: (entries: readonly SpoolEntry[]) => void;
  readonly heldNames: () => ReadonlySet<string>;
  readonly isOver: () => boolean;
  readonly now: () => number;
}

async function adoptOldLayout(files: readonly string[], deps: Adoption): Promise<number> {
  const { root } = deps;
  if (files.every((name) => parseName(name) === 'foreign')) return 0;
  const path = join(root, LOCK_FILE);
  const lock = lockFile(path, 'create');
  if (typeof lock !== 'object') return bytesOf(files);
  try {
    if (await answers(join(root, OLD_SOCKET))) return bytesOf(files);
    await move((file) => join(root, file), files, deps);
    await unlink(join(root, OLD_SOCKET)).catch(() => {});
    return 0;
  } finally {
    // Nothing that the lock protects comes after this.
    await unlink(path).catch(() => {});
    lock.release();
  }
}

/** Moves the finished files, oldest first, and removes those that were being written, and copies of what this process has. */
async function move(from: (name: string) => string, names: readonly string[], { own, onMoved, isOver, heldNames }: Adoption): Promise<void> {
  const entries: SpoolEntry[] = [];
  const held = heldNames();
  for (const name of names) {
    const entry = parseName(name);
    if (entry === 'unfinished' || held.has(name)) await unlink(from(name)).catch(() => {});
    else if (entry !== 'foreign') entries.push(entry);
  }
  entries.sort(byAge);
  for (let i = 0; i < entries.length && !isOver(); i += MOVED_TOGETHER) {
    const some = entries.slice(i, i + MOVED_TOGETHER);
    const results = await Promise.allSettled(some.map(({ name }) => rename(from(name), own.at(name))));
    const moved = some.filter((_, at) => results[at]!.status === 'fulfilled');
    if (moved.length > 0) onMoved(moved);
    const failure = results.find((result) => result.status === 'rejected' && systemCodeOf(result.reason) !== 'ENOENT');
    if (failure !== undefined) throw (failure as PromiseRejectedResult).reason;
  }
}

/** Names begin with the arrival of the first segment. */
export function byAge(a: SpoolEntry, b: SpoolEntry): number {
  return a.name < b.name ? -1 : 1;
}

function isOwnersFolder(entry: Dirent): boolean {
  return entry.isDirectory() && isOwnersName(entry.name);
}

function isKnown(name: string): boolean {
  return name === LOCK_FILE || name === OLD_SOCKET || name.endsWith('.unreadable');
}

function bytesOf(names: readonly string[]): number {
  let bytes = 0;
  for (const name of names) {
    const entry = parseName(name);
    if (typeof entry === 'object') bytes += entry.bytes;
  }
  return bytes;
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    return undefined;
  }
}

/** Whether a process listens on the socket, or may: only a refusal says that none does. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT', 'EINVAL'].includes(systemCodeOf(error) ?? '')));
  return promise.finally(() => socket.destroy());
}
