import { randomBytes } from 'node:crypto';
import { chmod, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { systemCodeOf } from '../pipeline/errors.ts';

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
    // Traces hold what users of an application typed: a new file is its owner's alone, an old one keeps its mode.
    await writeFile(aside, text, { flag: 'wx', mode: 0o600 });
    if (there === 'file') await chmod(aside, (await stat(target)).mode);
    await rename(aside, target);
  } catch (error) {
    await unlink(aside).catch(() => {});
    // Only the file is writable, not its folder.
    if (there === 'file' && systemCodeOf(error) === 'EACCES') return writeFile(path, text);
    throw error;
  }
}

async function whatIs(path: string): Promise<'file' | 'other' | 'nothing'> {
  try {
    return (await stat(path)).isFile() ? 'file' : 'other';
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 'nothing';
    throw error;
  }
}
