import { readFileSync } from 'node:fs';

/**
 * What the process needs besides the connections of its clients: threads, libraries, the spool, and the first connections to AWS.
 */
const OWN_FILES = 64;
const FEWEST = 8;

/**
 * Shares of the open files for the clients of one server: a half for the two that every process has, TCP 2000 and
 * health, and a quarter for the three of other protocols.
 */
const SHARES = { base: 1 / 4, receiver: 1 / 12 };

/**
 * The number of connections that one server may accept: `wanted`, or less if the limit of open files is small.
 * Connections to X-Ray, the spool and token files always find a free descriptor, however many clients all servers have.
 * `limits`: the content of /proc/self/limits.
 */
export function connectionsWithin(
  wanted: number,
  server: keyof typeof SHARES,
  limits: string = ofThisProcess(),
): number {
  const limit = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (limit === undefined) return wanted;
  return Math.min(wanted, Math.max(FEWEST, Math.floor((Number(limit) - OWN_FILES) * SHARES[server])));
}

/** "" where the system has no such file. */
function ofThisProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
