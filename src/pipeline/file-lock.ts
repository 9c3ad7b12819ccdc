import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sqliteCodeOf, systemCodeOf } from './errors.ts';

/** https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;

/** Keeps the databases referenced: if one were garbage-collected, it would be closed and its lock released. */
const held = new Set<object>();

/** A lock on a file. This process holds it until `release`, or until the process ends in any way. */
export interface FileLock {
  /** Idempotent. */
  release(): void;
}

/**
 * Locks `path` for this process. `held`: another process holds the lock, possibly in another container; `missing`: the
 * file does not exist and `mode` is `existing`. Never waits. Throws an Error that names the reason if the file cannot
 * be opened.
 *
 * The lock is SQLite's, on an empty database: Node offers no other lock that the kernel releases when the process ends.
 * A second lock in the same process is refused too. Nothing else in the process may open the file, because closing it
 * would release the lock (POSIX). See docs/decisions/0009.
 */
export function lockFile(path: string, mode: 'create' | 'existing'): FileLock | 'held' | 'missing' {
  // Loaded only when a file is locked.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const url = pathToFileURL(path);
  url.search = mode === 'create' ? 'mode=rwc' : 'mode=rw';
  if (mode === 'create') makeWhereMissing(path);
  const before = identityOf(path);
  let database: InstanceType<typeof DatabaseSync> | undefined;
  try {
    database = new DatabaseSync(url, { timeout: 0 });
    // By default, the journal of the empty transaction would be a second file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const code = sqliteCodeOf(error);
    if (code === SQLITE_BUSY) return 'held';
    if (code === SQLITE_CANTOPEN && isMissing(path, mode)) return 'missing';
    throw openError(path, error);
  }
  // Only the lock's holder removes the file. Between open and lock, another process may have removed it, and a third
  // may have created a new one.
  const after = identityOf(path);
  if (after === undefined || after !== before) {
    database.close();
    return after === undefined ? 'missing' : 'held';
  }
  held.add(database);
  return { release: () => void (held.delete(database) && database.close()) };
}

/** The process that holds the lock of `path`, if /proc shows it (Linux, same PID namespace). */
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

/** Closing the file here releases no lock of this process: a file that was just created cannot have been locked. */
function makeWhereMissing(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o644));
  } catch {
    // The file exists, or it cannot be created and opening the database reports why.
  }
}

/** Inode numbers are reused at once; the birth time tells the files apart. */
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
    return systemCodeOf(error) === 'ENOENT';
  }
}

/** SQLite only reports "unable to open database file"; the system call reports the cause. */
function openError(path: string, cause: unknown): unknown {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    return error;
  }
  return cause;
}
