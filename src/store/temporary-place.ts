import { lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { lockFile } from '../pipeline/file-lock.ts';
import type { StorePlace } from './data-place.ts';

const PREFIX = 'xrayd-local-';
const LOCK_FILE = 'owner.lock';

/** Where temporary files go; the second is there, in memory, in a container with a read-only root. */
const PARENTS = [tmpdir(), '/dev/shm'];
/** Of a file system in memory, which is often 64 MB: what the log and the index of it need has to fit beside the traces. */
const MEMORY_SHARE = 0.4;
/** Another process that removes leftovers may remove a folder between its creation and its lock. */
const TRIES = 5;

/** A new folder of this process, and a lock in it; what this user's ended processes left is removed. Throws XRAYD_STORE. */
export function temporaryPlace(parents: readonly string[] = PARENTS): StorePlace {
  for (const parent of parents) removeLeftovers(parent);
  const problems: string[] = [];
  for (const [i, parent] of parents.entries()) {
    try {
      const { blocks, bsize } = statfsSync(parent);
      return { ...makeFolder(parent), maxBytes: i === 0 ? Infinity : blocks * bsize * MEMORY_SHARE };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  const remedy = 'Set TMPDIR to a folder that is writable (in a container: --tmpfs /tmp), or name a file with --data';
  throw new XraydError('XRAYD_STORE', `cannot make a temporary file for traces: ${problems.join('; ')}. ${remedy}`);
}

/** mkdtemp: a name that nobody can guess, mode 0700, and never a folder or a link that is already there. */
function makeFolder(parent: string): Omit<StorePlace, 'maxBytes'> {
  for (let tries = 0; tries < TRIES; tries++) {
    const path = mkdtempSync(join(parent, PREFIX));
    const lock = lockFile(join(path, LOCK_FILE), 'create');
    if (typeof lock === 'string') continue;
    const release = (): void => {
      // Before the lock: whoever gets it may remove the folder.
      rmSync(path, { recursive: true, force: true });
      lock.release();
    };
    return { file: join(path, 'traces.db'), release };
  }
  throw new Error(`no folder in ${parent} could be locked`);
}

/** What cannot be listed or removed is no reason not to start. */
function removeLeftovers(parent: string): void {
  try {
    for (const name of readdirSync(parent)) if (name.startsWith(PREFIX)) removeLeftover(join(parent, name));
  } catch {}
}

function removeLeftover(path: string): void {
  try {
    const status = lstatSync(path);
    if (!status.isDirectory() || status.uid !== (process.getuid?.() ?? status.uid)) return;
    const lock = lockFile(join(path, LOCK_FILE), 'existing');
    // Without a lock file it is being made, or was made by something else: only an empty folder goes.
    if (lock === 'missing') rmdirSync(path);
    if (typeof lock === 'string') return;
    rmSync(path, { recursive: true, force: true });
    lock.release();
  } catch {}
}
