import { accessSync, constants, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { lockFile, lockHolder, type FileLock } from '../pipeline/file-lock.ts';
import { HeldFile } from './held-file.ts';

/** The file of a store, which is this process's until `release`. */
export interface StorePlace {
  readonly file: string;
  /** Most that the store may hold there. */
  readonly maxBytes: number;
  /** Why it is no longer this process's alone, with the remedy. To be asked once when the file is open, and then from time to time. */
  problem?(): Promise<string | undefined>;
  release(): void;
}

/** What SQLite keeps beside the file. */
const COMPANIONS = ['-wal', '-shm', '-lock'];

/**
 * Holds the file that `--data` names for this process: a second writer would not see what the first knows. Throws XRAYD_STORE with the file, the
 * reason and a remedy.
 */
export function dataPlace(name: string): StorePlace {
  const file = pathOf(name);
  check(file);
  const lockPath = `${file}-lock`;
  const lock = lockOf(file, lockPath);
  if (typeof lock === 'string') {
    const pid = lockHolder(lockPath);
    const who = pid === undefined ? 'another xrayd' : `another xrayd (pid ${pid})`;
    throw new XraydError('XRAYD_STORE', `${file} is in use by ${who}. Stop it, or name another file with --data`);
  }
  const held = new HeldFile(file, lockPath, lock);
  return { file, maxBytes: Infinity, problem: () => held.problem(), release: () => held.release() };
}

function lockOf(file: string, lockPath: string): FileLock | 'held' | 'missing' {
  try {
    return lockFile(lockPath, 'create');
  } catch (error) {
    throw refusal(file, `${lockPath}: ${messageOf(error)}`);
  }
}

/** Absolute, so that SQLite sees a path in it and nothing else; without links, so that a file has one lock under all its names. */
function pathOf(name: string): string {
  const path = resolve(name);
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw refusal(path, messageOf(error));
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw refusal(path, 'it is a link to something that does not exist');
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    const why = systemCodeOf(error) === 'ENOENT' ? 'its folder does not exist. Create it' : messageOf(error);
    throw refusal(path, why);
  }
}

function check(file: string): void {
  const folder = dirname(file);
  const status = statSync(file, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) throw refusal(file, `it is a folder. Name a file in it: --data ${join(file, 'traces.db')}`);
  if (status !== undefined && !status.isFile()) throw refusal(file, 'it is not a regular file');
  // The lock is beside one of the names: another xrayd could take the file under the other.
  if (status !== undefined && status.nlink > 1) {
    throw refusal(file, `it has ${status.nlink} names (hard links), and two processes could write it. Delete the others, or make a copy (cp)`);
  }
  if (status !== undefined && isMountPoint(file)) {
    throw refusal(
      file,
      "it is mounted by itself: its lock and its log, beside it here, are not beside it where it comes from, so two processes could write it, and a kill would lose traces. Mount its folder in the file's place",
    );
  }
  // SQLite makes its log and its lock beside the file.
  checkAccess(file, folder, constants.W_OK | constants.X_OK);
  for (const path of [file, ...COMPANIONS.map((end) => file + end)]) checkAccess(file, path, constants.R_OK | constants.W_OK);
}

/** Of Linux; where /proc does not tell, no file is one. Source: proc_pid_mountinfo(5), with blanks and the like as octal numbers. */
function isMountPoint(file: string): boolean {
  const name = file.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .some((line) => line.split(' ')[4] === name);
  } catch {
    return false;
  }
}

function checkAccess(file: string, path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return;
    if (code === 'EROFS') throw refusal(file, 'its file system is read-only. Mount it writable');
    if (code !== 'EACCES' && code !== 'EPERM') throw refusal(file, messageOf(error));
    const { uid, mode: bits } = statSync(path);
    const what = path === file ? 'it' : path;
    const rights = `${what} belongs to uid ${uid} (mode ${(bits & 0o7777).toString(8).padStart(4, '0')}), and xrayd runs as uid ${process.getuid?.()}`;
    throw refusal(
      file,
      `${rights}, which may not write there. Run xrayd as uid ${uid}, or give it the ${path === dirname(file) ? 'folder' : 'file'} (chown)`,
    );
  }
}

function refusal(file: string, why: string): XraydError {
  return new XraydError('XRAYD_STORE', `cannot use ${file} as a store of traces: ${why}. Or name another file with --data`);
}
