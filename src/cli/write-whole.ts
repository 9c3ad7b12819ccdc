import { randomBytes } from 'node:crypto';
import { chmod, chown, copyFile, open, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../pipeline/errors.ts';
import { statIfThere } from '../pipeline/file-stats.ts';

/**
 * Errors of a file that can be written but not replaced: its folder is not writable or does not allow the name, it is
 * another user's, or it is mounted individually, as `docker run -v $PWD/traces.json:/traces.json` does.
 */
const NOT_REPLACEABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV', 'ENAMETOOLONG']);

/**
 * Writes a temporary file and renames it, so that a reader, a second writer, an interruption or an error of `content`
 * finds or leaves either the old or the new contents.
 * Writes to anything but a regular file (/dev/stdout, a pipe) directly. Rejects with the disk's error, or `content`'s.
 */
export async function writeWhole(path: string, content: string | AsyncIterable<string>): Promise<void> {
  const there = await whatIs(path);
  if (there === 'other') return writeFile(path, content);
  // A symbolic link stays a link.
  const target = there === 'file' ? await realpath(path) : path;
  const aside = `${target}.${randomBytes(4).toString('hex')}.part`;
  let isBegun = false;
  let isWhole = false;
  try {
    // Traces contain what users typed: a new file is readable by its owner only, an existing one keeps its owner and
    // mode.
    const file = await open(aside, 'wx', 0o600);
    isBegun = true;
    try {
      await file.writeFile(content);
      isWhole = true;
    } finally {
      await file.close();
    }
    if (there === 'file') await makeAlike(aside, target);
    await rename(aside, target);
  } catch (error) {
    const isInPlace = there === 'file' && NOT_REPLACEABLE.has(systemCodeOf(error) ?? '');
    if (isInPlace && isWhole) return await copyFile(aside, path);
    if (isInPlace && !isBegun) return await writeFile(path, content);
    throw error;
  } finally {
    await unlink(aside).catch(() => {});
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
