import { randomBytes } from 'node:crypto';
import { chmod, chown, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../pipeline/errors.ts';
import { statIfThere } from '../pipeline/file-stats.ts';

/**
 * A file that can be written and not replaced: its folder is not writable or takes no such name, it is another user's, or it is mounted by itself, as
 * `docker run -v $PWD/traces.json:/traces.json` does.
 */
const NOT_REPLACEABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV', 'ENAMETOOLONG']);

/**
 * Writes a file aside and renames it, so that a reader, a second writer or an interruption finds the old text or the new one and nothing between.
 * What is not a regular file (/dev/stdout, a pipe) is written as it is. Rejects with the disk's error.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const there = await whatIs(path);
  if (there === 'other') return writeFile(path, text);
  // A link stays one.
  const target = there === 'file' ? await realpath(path) : path;
  const aside = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    // Traces hold what users of an application typed: a new file is its owner's alone, an old one keeps its owner and mode.
    await writeFile(aside, text, { flag: 'wx', mode: 0o600 });
    if (there === 'file') await makeAlike(aside, target);
    await rename(aside, target);
  } catch (error) {
    await unlink(aside).catch(() => {});
    if (there === 'file' && NOT_REPLACEABLE.has(systemCodeOf(error) ?? '')) return writeFile(path, text);
    throw error;
  }
}

async function makeAlike(path: string, model: string): Promise<void> {
  const { uid, gid, mode } = await stat(model);
  const own = await stat(path);
  if (uid !== own.uid || gid !== own.gid) await chown(path, uid, gid);
  await chmod(path, mode);
}

async function whatIs(path: string): Promise<'file' | 'other' | 'nothing'> {
  const there = await statIfThere(path);
  if (there === undefined) return 'nothing';
  return there.isFile() ? 'file' : 'other';
}
