import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemCodeOf } from './errors.ts';

/** undefined when there is nothing under the name. Rejects with the disk's error. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether both are one file or folder, under whatever name. Nothing is the same as nothing. */
export function isSameFile(one: Stats | undefined, other: Stats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
