import { readFileSync } from 'node:fs';

/**
 * What the process needs besides the connections of its clients: threads, libraries, the spool, and the first connections to AWS.
 */
const OWN_FILES = 64;
const FEWEST = 8;

/**
 * The number of connections that one server may accept: `wanted`, or less if the limit of open files is small. The
 * clients of both servers may use half of it, so that connections to X-Ray, the spool and token files always find a
 * free descriptor. `limits`: the content of /proc/self/limits.
 */
export function connectionsWithin(wanted: number, limits: string = ofThisProcess()): number {
  const limit = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (limit === undefined) return wanted;
  return Math.min(wanted, Math.max(FEWEST, Math.floor((Number(limit) - OWN_FILES) / 4)));
}

/** "" where the system has no such file. */
function ofThisProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return '';
  }
}
