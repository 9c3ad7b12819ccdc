import { accessSync, constants, lstatSync, readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { isInMemory } from '../pipeline/file-systems.ts';
import { lockFile, lockHolder, type FileLock } from '../pipeline/file-lock.ts';
import { HeldFile } from './held-file.ts';

/** The file of a store, which belongs to this process until `release`. */
export interface StorePlace {
  readonly file: string;
  /** Maximum size of the store there. */
  readonly maxBytes: number;
  /** Whether the store counts towards the memory limit of the process. */
  readonly isInMemory: boolean;
  /**
   * Why another process may use the file too, with the remedy. Call it once when the file is open, and then
   * periodically.
   */
  problem?(): Promise<string | undefined>;
  release(): void;
}

/** Files that SQLite and xrayd keep beside the file. */
const COMPANIONS = ['-wal', '-shm', '-lock'];

/**
 * Locks the file that `--data` names for this process: a second writer would miss changes of the first. Throws
 * XRAYD_STORE with the file, the reason and a remedy.
 */
export function dataPlace(name: string): StorePlace {
  const file = pathOf(name);
  check(file);
  const isFileInMemory = isInMemory(statfsSync(dirname(file)));
  const lockPath = `${file}-lock`;
  const lock = lockOf(file, lockPath);
  if (typeof lock === 'string') {
    const pid = lockHolder(lockPath);
    const who = pid === undefined ? 'another xrayd' : `another xrayd (pid ${pid})`;
    throw new XraydError('XRAYD_STORE', `${file} is in use by ${who}. Stop it, or choose another file with --data`);
  }
  const held = new HeldFile(file, lockPath, lock);
  return {
    file,
    maxBytes: Infinity,
    isInMemory: isFileInMemory,
    problem: () => held.problem(),
    release: () => held.release(),
  };
}

function lockOf(file: string, lockPath: string): FileLock | 'held' | 'missing' {
  try {
    return lockFile(lockPath, 'create');
  } catch (error) {
    throw refusal(file, `${lockPath}: ${messageOf(error)}`);
  }
}

/**
 * Absolute, so that SQLite cannot read the name as anything but a path; without symbolic links, so that a file has one
 * lock under all its names.
 */
function pathOf(name: string): string {
  const path = resolve(name);
  if (name.endsWith('/')) throw folderRefusal(path);
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw refusal(path, messageOf(error));
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw refusal(path, 'it is a link to something that does not exist');
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') throw refusal(path, 'its folder does not exist', 'Create it');
    throw refusal(path, messageOf(error));
  }
}

function check(file: string): void {
  const folder = dirname(file);
  const status = statSync(file, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) throw folderRefusal(file);
  if (status !== undefined && !status.isFile()) throw refusal(file, 'it is not a regular file');
  // The lock is beside one of the names: another xrayd could use the file under another name.
  if (status !== undefined && status.nlink > 1) {
    throw refusal(
      file,
      `it has ${status.nlink} names (hard links), and two processes could write it`,
      'Delete the others, or make a copy (cp)',
    );
  }
  if (status !== undefined && isMountPoint(file)) {
    throw refusal(
      file,
      'it is mounted individually: here its lock and log are not in the folder that other processes see, so two processes could write it, and a kill would lose traces',
      'Mount its folder instead of the file',
    );
  }
  // SQLite creates its log and its lock beside the file.
  checkAccess(file, folder, constants.W_OK | constants.X_OK);
  for (const path of [file, ...COMPANIONS.map((end) => file + end)])
    checkAccess(file, path, constants.R_OK | constants.W_OK);
}

/**
 * Linux only; without /proc, always false. Source: proc_pid_mountinfo(5), where blanks and the like are octal numbers.
 */
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
    if (code === 'ENOENT') {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      throw refusal(file, `${path} is a link to something that does not exist`, 'Delete it');
    }
    if (code === 'EROFS') throw refusal(file, 'its file system is read-only', 'Mount it writable');
    if (code !== 'EACCES' && code !== 'EPERM') throw refusal(file, messageOf(error));
    const { uid, mode: bits } = statSync(path);
    const what = path === file ? 'it' : path;
    if (uid === process.getuid?.())
      throw refusal(
        file,
        `xrayd cannot write ${what}, although it runs as its owner (uid ${uid}, mode ${octal(bits)})`,
        'Check the mode (chmod), the attributes (lsattr) and the SELinux or AppArmor rules',
      );
    const rights = `${what} belongs to uid ${uid} (mode ${octal(bits)}), and xrayd runs as uid ${process.getuid?.()}`;
    throw refusal(
      file,
      `${rights}, which may not write there`,
      `Run xrayd as uid ${uid}, or change the owner of the ${path === dirname(file) ? 'folder' : 'file'} (chown)`,
    );
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

function folderRefusal(folder: string): XraydError {
  return refusal(folder, 'it is a folder', `Name a file in it: --data ${join(folder, 'traces.db')}`);
}

function refusal(file: string, why: string, remedy?: string): XraydError {
  const choose = remedy === undefined ? 'Choose' : `${remedy}. Or choose`;
  return new XraydError(
    'XRAYD_STORE',
    `cannot use ${file} as a trace store: ${why}. ${choose} another file with --data`,
  );
}
