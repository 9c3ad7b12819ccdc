import { lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { isInMemory } from '../pipeline/file-systems.ts';
import { lockFile } from '../pipeline/file-lock.ts';
import type { StorePlace } from './data-place.ts';

const PREFIX = 'xrayd-local-';
const LOCK_FILE = 'owner.lock';

/** Folders for temporary files. The second is in memory, and exists in a container with a read-only root. */
const PARENTS = [tmpdir(), '/dev/shm'];
/** Share of a file system in memory, which often has 64 MB: the log and the index must fit beside the traces. */
const MEMORY_SHARE = 0.4;
/** Another process that removes leftovers may remove a folder between its creation and its lock. */
const TRIES = 5;

/**
 * Creates and locks a folder for this process, and removes what this user's ended processes left. Throws XRAYD_STORE.
 */
export function temporaryPlace(parents: readonly string[] = PARENTS): StorePlace {
  for (const parent of parents) removeLeftovers(parent);
  const problems: string[] = [];
  for (const [i, parent] of parents.entries()) {
    try {
      const system = statfsSync(parent);
      const maxBytes = i === 0 ? Infinity : system.blocks * system.bsize * MEMORY_SHARE;
      return { ...makeFolder(parent), maxBytes, isInMemory: isInMemory(system) };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  const remedy = 'Set TMPDIR to a folder that is writable (in a container: --tmpfs /tmp), or set a file with --data';
  throw new XraydError('XRAYD_STORE', `cannot make a temporary file for traces: ${problems.join('; ')}. ${remedy}`);
}

/** mkdtemp: an unguessable name, mode 0700, and never an existing folder or link. */
function makeFolder(parent: string): Omit<StorePlace, 'maxBytes' | 'isInMemory'> {
  for (let tries = 0; tries < TRIES; tries++) {
    const path = mkdtempSync(join(parent, PREFIX));
    const lock = lockFile(join(path, LOCK_FILE), 'create');
    if (typeof lock === 'string') continue;
    const release = (): void => {
      // Before releasing the lock: the next holder may remove the folder.
      rmSync(path, { recursive: true, force: true });
      lock.release();
    };
    return { file: join(path, 'traces.db'), release };
  }
  throw new Error(`cannot lock a new folder in ${parent}`);
}

/** A leftover that cannot be listed or removed does not prevent a start. */
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
    // Without a lock file the folder is being created, or belongs to another program: remove it only if it is empty.
    if (lock === 'missing') rmdirSync(path);
    if (typeof lock === 'string') return;
    rmSync(path, { recursive: true, force: true });
    lock.release();
  } catch {}
}
