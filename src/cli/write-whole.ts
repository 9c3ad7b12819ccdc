import { randomBytes } from 'node:crypto';
import { chmod, chown, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../pipeline/errors.ts';
import { statIfThere } from '../pipeline/file-stats.ts';

/**
 * Errors of a file that can be written but not replaced: its folder is not writable or does not allow the name, it is
 * another user's, or it is mounted individually, as `docker run -v $PWD/traces.json:/traces.json` does.
 */
const NOT_REPLACEABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV', 'ENAMETOOLONG']);

/**
 * Writes a temporary file and renames it, so that a reader, a second writer or an interruption finds either the old or
 * the new contents.
 * Writes to anything but a regular file (/dev/stdout, a pipe) directly. Rejects with the disk's error.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const there = await whatIs(path);
  if (there === 'other') return writeFile(path, text);
  // A symbolic link stays a link.
  const target = there === 'file' ? await realpath(path) : path;
  const aside = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    // Traces contain what users typed: a new file is readable by its owner only, an existing one keeps its owner and
    // mode.
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
