import { readdirSync } from 'node:fs';
import { readProc, socketInode } from './proc.ts';

/** One table per address family; a socket is in one of them. proc_net(5) documents the format. */
const TABLES = ['/proc/net/udp', '/proc/net/udp6'];

/**
 * This process's UDP socket on `port`: its descriptor and its inode in /proc/net; undefined without /proc.
 * Another process may use the same port on another address, so only sockets with a descriptor in this process count.
 */
export function ownSocket(port: number): { inode: string; descriptor: number } | undefined {
  const own = ownSockets();
  for (const inode of TABLES.flatMap((path) => inodesOn(readProc(path), port))) {
    const descriptor = own.get(inode);
    if (descriptor !== undefined) return { inode, descriptor };
  }
  return undefined;
}

/** Inodes of the sockets on `port`, from the text of /proc/net/udp or tcp. */
export function inodesOn(table: string, port: number): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = table.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.filter((columns) => columns[1]?.endsWith(local)).map((columns) => columns[9] ?? '');
}

/** Descriptors of this process's sockets by inode. */
function ownSockets(): Map<string, number> {
  try {
    const descriptors = readdirSync('/proc/self/fd').map(
      (fd) => [socketInode(`/proc/self/fd/${fd}`), Number(fd)] as const,
    );
    return new Map(descriptors.filter((entry): entry is [string, number] => entry[0] !== undefined));
  } catch {
    return new Map();
  }
}

/**
 * Datagrams that the kernel dropped on the socket with this inode because the buffer was full; undefined if the count
 * cannot be read.
 */
export function readKernelDrops(inode: string): number | undefined {
  for (const path of TABLES) {
    const drops = dropsIn(readProc(path), inode);
    if (drops !== undefined) return drops;
  }
  return undefined;
}

/** `table` is the text of /proc/net/udp: column 10 is the inode, the last column the number of drops. */
export function dropsIn(table: string, inode: string): number | undefined {
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[9] === inode) return Number(columns.at(-1));
  }
  return undefined;
}
