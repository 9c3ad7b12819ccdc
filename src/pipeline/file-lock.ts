import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;

/** A database that is collected is closed, and its lock released. */
const held = new Set<object>();

/** A file that this process holds until `release`, or until it ends, however it ends. */
export interface FileLock {
  /** May be called again. */
  release(): void;
}

/**
 * Takes the lock of `path` for this process. `held`: another one has it, in whatever container; `missing`: there is no such file, and `mode` is
 * `existing`. Never waits. Throws an Error that names the reason when the file cannot be opened.
 *
 * It is SQLite's lock on an empty database: Node offers no other that the kernel gives up when a process ends. A second lock in the same process
 * is refused as well, but nothing else in the process may open the file: closing it would release the lock (POSIX). See docs/decisions/0009.
 */
export function lockFile(path: string, mode: 'create' | 'existing'): FileLock | 'held' | 'missing' {
  // Loaded only where something is locked.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const url = pathToFileURL(path);
  url.search = mode === 'create' ? 'mode=rwc' : 'mode=rw';
  if (mode === 'create') makeWhereMissing(path);
  const before = identityOf(path);
  let database: InstanceType<typeof DatabaseSync> | undefined;
  try {
    database = new DatabaseSync(url, { timeout: 0 });
    // The journal of an empty transaction would be a second file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const { errcode = 0 } = error as { errcode?: number };
    if ((errcode & 0xff) === SQLITE_BUSY) return 'held';
    if ((errcode & 0xff) === SQLITE_CANTOPEN && isMissing(path, mode)) return 'missing';
    throw openError(path, error);
  }
  // Whoever removes a lock file holds it: between the opening and the lock it may have been removed, and another have been made by the next one.
  const after = identityOf(path);
  if (after === undefined || after !== before) {
    database.close();
    return after === undefined ? 'missing' : 'held';
  }
  held.add(database);
  return { release: () => void (held.delete(database) && database.close()) };
}

/** The process that holds the lock of `path`, where /proc tells (Linux, the same PID namespace). */
export function lockHolder(path: string): number | undefined {
  try {
    const { ino } = statSync(path);
    // 1: POSIX  ADVISORY  WRITE 16213 fe:00:9978248 1073741824 1073742335
    const holder = readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .map((line) => /\bPOSIX\b.* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line))
      .find((match) => match !== null && Number(match[2]) === ino);
    const pid = Number(holder?.[1] ?? 0);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** One that is made here was never locked: to close it again releases no lock of this process. */
function makeWhereMissing(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o644));
  } catch {
    // It is there; or it cannot be made, and the opening says why.
  }
}

/** Numbers of files are used again at once: the time of making tells them apart. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return undefined;
  }
}

function isMissing(path: string, mode: 'create' | 'existing'): boolean {
  try {
    statSync(mode === 'create' ? new URL('.', pathToFileURL(path)) : path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** SQLite says "unable to open database file"; the system knows why. */
function openError(path: string, cause: unknown): Error {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return error as Error;
  }
  return cause as Error;
}
