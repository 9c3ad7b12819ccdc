import { readFileSync, readlinkSync } from 'node:fs';

/** The text of a file below /proc; "" where it is not there, or not for us to see. */
export function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The inode of the socket behind a link like /proc/self/fd/7; undefined when it is none, or has been closed meanwhile. */
export function socketInode(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
  } catch {
    return undefined;
  }
}
