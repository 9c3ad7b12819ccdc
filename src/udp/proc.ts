import { readFileSync, readlinkSync } from 'node:fs';

/** The text of a file below /proc; "" if it does not exist or cannot be read. */
export function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/**
 * The inode of the socket behind a link such as /proc/self/fd/7; undefined if it is not a socket, or has been closed.
 */
export function socketInode(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
  } catch {
    return undefined;
  }
}
