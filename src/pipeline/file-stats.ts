import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemCodeOf } from './errors.ts';

/** The file's stats; undefined if it does not exist. Rejects with any other error of the disk. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether both are the same file or folder, under any name. Two missing files count as the same. */
export function isSameFile(one: Stats | undefined, other: Stats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
