import type { Dirent } from 'node:fs';
import { opendir, readdir, rename, stat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import { lockFile } from '../../pipeline/file-lock.ts';
import type { LogFields, Logger } from '../../pipeline/logger.ts';
import { parseName, type SpoolEntry } from './format.ts';
import { isOwnersName, LOCK_FILE, OwnedFolder, type HeldFile } from './owned-folder.ts';

/** Number of files that are listed at once, and moved before they are counted: a large spool must not take memory. */
const MOVE_BATCH = 1_024;
/**
 * Renames at a time. Each has a kilobyte outside V8's heap, which V8 frees with the young objects of its heap, or only
 * much later if the rename has waited for so many others that its object has become an old one.
 */
const MOVES_AT_ONCE = 32;
/** compat: in the old layout, files were in the spool folder itself, and their owner listened on this socket. */
const OLD_SOCKET = 'owner.sock';

export interface LeftoversDeps {
  /** The folder that `--spool` names. */
  readonly root: string;
  /**
   * How long a folder with files must lack a lock file before its process counts as ended: a running process would
   * recreate the lock sooner.
   */
  readonly unlockedForMs: number;
  /** Monotonic. */
  readonly now: () => number;
  /** Called in the same turn in which files have become this process's. */
  readonly onAdopted: (files: readonly HeldFile[]) => void;
  /** Names of the files that this process already owns: another file with such a name is a copy. */
  readonly heldNames: () => ReadonlySet<string>;
  /** How many more files this process may own: it leaves the rest for a later scan, or for another process. */
  readonly freeFiles: () => number;
  readonly log: Logger;
}

/** The files that other processes left in the spool. */
export class Leftovers {
  readonly #deps: LeftoversDeps;
  /** Subjects that have been warned about. */
  readonly #warned = new Set<string>();
  /** When each folder was first seen without a lock file. */
  readonly #unlockedSince = new Map<string, number>();

  constructor(deps: LeftoversDeps) {
    this.#deps = deps;
  }

  /**
   * Scans the spool once and moves the files of ended processes into `own`. Resolves with the number of moved files,
   * and the number of bytes in files that it left where they are. Rejects if the spool cannot be read.
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
    let held: ReadonlySet<string> | undefined;
    const deps = { ...this.#deps, own, onMoved, heldNames: () => (held ??= this.#deps.heldNames()) };
    for (const { name } of found.filter(isOwnersFolder)) {
      const path = join(root, name);
      if (path === own.path) continue;
      total.othersBytes += await this.#unlessUnreadable(path, () => this.#adopt(path, deps));
    }
    const files = found.filter((entry) => !isOwnersFolder(entry)).map(({ name }) => name);
    total.othersBytes += await this.#unlessUnreadable(root, () => adoptOldLayout(files, deps));
    this.#warnForeign(root, foreignOf(files));
    if (total.files > 0) {
      const { files: moved, segments } = total;
      log.info({ folder: root, segments, files: moved }, FOUND);
    }
    return total;
  }

  /**
   * Makes the folder of a process that has ended this process's own, with the files in it: where a new folder cannot be
   * created, because the disk is full. undefined if there is none, or the spool cannot be read.
   */
  async takeOver(): Promise<OwnedFolder | undefined> {
    const { root, log } = this.#deps;
    for (const { name } of (await readdir(root, { withFileTypes: true }).catch(() => [])).filter(isOwnersFolder)) {
      const folder = await OwnedFolder.claim(join(root, name), false).catch(() => undefined);
      if (typeof folder !== 'object') continue;
      try {
        const entries = await keptOf((file) => folder.at(file), await readdir(folder.at('.')), this.#deps);
        this.#deps.onAdopted(entries.map((entry) => folder.hold(entry)));
        const segments = entries.reduce((sum, entry) => sum + entry.segments, 0);
        log.info({ folder: folder.path, segments, files: entries.length }, FOUND);
        return folder;
      } catch {
        await folder.close();
      }
    }
    return undefined;
  }

  async #unlessUnreadable(folder: string, adopting: () => Promise<number>): Promise<number> {
    try {
      return await adopting();
    } catch (error) {
      // ENOENT: the folder's owner has removed it.
      if (systemCodeOf(error) === 'ENOENT') return 0;
      const fields = { folder, reason: messageOf(error), uid: await ownerOf(folder), ownUid: process.getuid?.() };
      const remedy = fields.uid === fields.ownUid ? REMEDY : REMEDY_OF_OWNER;
      this.#warnOnce(folder, fields, `cannot read a spool folder, so its segments are not sent. ${remedy}`);
      return 0;
    }
  }

  /** Resolves with the number of bytes in files that are not adopted: their owner is running, or there are too many. */
  async #adopt(path: string, deps: Adoption): Promise<number> {
    const nowMs = deps.now();
    const sinceMs = this.#unlockedSince.get(path) ?? nowMs;
    const folder = await OwnedFolder.claim(path, nowMs - sinceMs >= this.#deps.unlockedForMs);
    if (folder === 'unlocked') this.#unlockedSince.set(path, sinceMs);
    else this.#unlockedSince.delete(path);
    if (folder === 'gone') return 0;
    if (folder === 'held' || folder === 'unlocked') {
      let bytes = 0;
      for await (const names of namesIn(path)) bytes += bytesOf(names);
      return bytes;
    }
    try {
      let [left, foreign] = [0, 0];
      for await (const names of namesIn(path)) {
        left += await move((file) => folder.at(file), names, deps);
        foreign += foreignOf(names);
      }
      this.#warnForeign(path, foreign);
      return left;
    } finally {
      await folder.close();
    }
  }

  #warnForeign(folder: string, files: number): void {
    if (files > 0)
      this.#warnOnce(
        `foreign ${folder}`,
        { folder, files },
        'the spool folder contains files that xrayd did not write; they are left alone',
      );
  }

  #warnOnce(what: string, fields: LogFields, message: string): void {
    if (this.#warned.has(what)) return;
    this.#warned.add(what);
    this.#deps.log.warn(fields, message);
  }
}

const FOUND = 'found segments in the spool; they are sent when no newer segments are waiting';
const REMEDY_OF_OWNER = 'Run xrayd as the user that owns the folder, or give it to the user of xrayd with chown -R';
const REMEDY = 'Check its disk and its owner.lock, which is an empty file';

interface Adoption {
  readonly root: string;
  readonly own: OwnedFolder;
  readonly onMoved: (entries: readonly SpoolEntry[]) => void;
  readonly heldNames: () => ReadonlySet<string>;
  readonly freeFiles: () => number;
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
    const left = await move((file) => join(root, file), files, deps);
    await unlink(join(root, OLD_SOCKET)).catch(() => {});
    return left;
  } finally {
    // Everything that needs the lock is done.
    await unlink(path).catch(() => {});
    lock.release();
  }
}

/** The finished files, oldest first. Deletes unfinished files, and copies of files that this process owns. */
async function keptOf(
  at: (name: string) => string,
  names: readonly string[],
  { heldNames }: Pick<Adoption, 'heldNames'>,
): Promise<SpoolEntry[]> {
  const entries: SpoolEntry[] = [];
  const held = heldNames();
  for (const name of names) {
    const entry = parseName(name);
    if (entry === 'unfinished' || held.has(name)) await unlink(at(name)).catch(() => {});
    else if (entry !== 'foreign') entries.push(entry);
  }
  return entries.sort(byAge);
}

/** The names in a folder, some at a time. */
async function* namesIn(folder: string): AsyncGenerator<string[]> {
  let names: string[] = [];
  for await (const { name } of await opendir(folder, { bufferSize: MOVE_BATCH })) {
    names.push(name);
    if (names.length < MOVE_BATCH) continue;
    yield names;
    names = [];
  }
  yield names;
}

/** Moves the finished files. Resolves with the number of bytes in those that it left. */
async function move(
  from: (name: string) => string,
  names: readonly string[],
  { own, onMoved, freeFiles, heldNames }: Adoption,
): Promise<number> {
  const entries = await keptOf(from, names, { heldNames });
  for (let i = 0; i < entries.length;) {
    const some = entries.slice(i, i + Math.min(MOVE_BATCH, freeFiles()));
    if (some.length === 0) return sumOf(entries.slice(i));
    i += some.length;
    const { moved, problem } = await moveAll(some, (name) => rename(from(name), own.at(name)));
    if (moved.length > 0) onMoved(moved);
    if (problem !== undefined) throw problem;
  }
  return 0;
}

/** Moves some at a time. A file that is gone is left out; any other error is the last one's `problem`. */
async function moveAll(
  entries: readonly SpoolEntry[],
  moveOne: (name: string) => Promise<void>,
): Promise<{ moved: SpoolEntry[]; problem: unknown }> {
  const moved: SpoolEntry[] = [];
  let problem: unknown;
  const rest = entries.values();
  const moveRest = async (): Promise<void> => {
    for (const entry of rest) {
      try {
        await moveOne(entry.name);
        moved.push(entry);
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') problem = error;
      }
    }
  };
  await Promise.all(Array.from({ length: MOVES_AT_ONCE }, moveRest));
  return { moved, problem };
}

/** Sorts by name, which begins with the arrival of the first segment. */
export function byAge(a: SpoolEntry, b: SpoolEntry): number {
  return a.name < b.name ? -1 : 1;
}

function isOwnersFolder(entry: Dirent): boolean {
  return entry.isDirectory() && isOwnersName(entry.name);
}

function isKnown(name: string): boolean {
  return name === LOCK_FILE || name === OLD_SOCKET || name.endsWith('.unreadable');
}

function foreignOf(names: readonly string[]): number {
  return names.filter((name) => parseName(name) === 'foreign' && !isKnown(name)).length;
}

function bytesOf(names: readonly string[]): number {
  return sumOf(names.map(parseName).filter((entry) => typeof entry === 'object'));
}

function sumOf(entries: readonly SpoolEntry[]): number {
  return entries.reduce((sum, { diskBytes }) => sum + diskBytes, 0);
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch {
    return undefined;
  }
}

/** Whether a process listens on the socket, or may: only a refused connection proves that none does. */
function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT', 'EINVAL'].includes(systemCodeOf(error) ?? '')));
  return promise.finally(() => socket.destroy());
}
