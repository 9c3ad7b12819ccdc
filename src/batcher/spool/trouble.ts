import { DROP_REASONS } from '../../pipeline/accounting.ts';
import { messageOf, systemCodeOf } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';

/** After an error, the disk is not used for this long. */
const RETRY_AFTER_MS = 10_000;

/** Why the disk is not used, and until when on the monotonic clock. */
export interface Trouble {
  readonly reason: string;
  readonly untilMs: number;
}

export interface Reporting {
  /** The folder that `--spool` names. */
  readonly folder: string;
  readonly log: Logger;
  /** Monotonic. */
  readonly nowMs: number;
}

/** Logs a disk error; `limit` is the key that limits how often. */
export function troubleOf(error: unknown, limit: string, message: string, { folder, log, nowMs }: Reporting): Trouble {
  const reason = messageOf(error);
  log.limited(limit, 'error', { folder, reason, uid: process.getuid?.(), remedy: diskRemedy(error, folder) }, message);
  return { reason, untilMs: nowMs + RETRY_AFTER_MS };
}

/**
 * What a full spool has none left of: space below `--spool-size`, memory that its files on tmpfs share with the process,
 * or files that the process may remember.
 */
export type Shortage = 'space' | 'memory' | 'files';

const REMEDY: Readonly<Record<Shortage, string>> = {
  space: 'Raise --spool-size',
  memory: 'It is in memory (tmpfs): set --spool to a folder on a disk, raise the memory limit',
  files: 'It has as many files as the memory limit allows: raise that limit',
};
const remedyOfFull = (shortage: Shortage): string =>
  `${REMEDY[shortage]}, or find out why uploads are slower than arrivals`;

/** Logs that documents stay with their senders, because the spool has no space. */
export function refuse({ folder, log }: Reporting, shortage: Shortage): false {
  log.limited(
    `spool_refuses_${shortage}`,
    'error',
    { folder },
    `the spool is full: requests are refused, and their senders keep what is in them. ${remedyOfFull(shortage)}`,
  );
  return false;
}

/** Logs that the oldest segments were dropped, because the spool has no space. */
export function reportEviction({ folder, log }: Reporting, segments: number, shortage: Shortage): void {
  log.limited(
    `dropped_spool_full_${shortage}`,
    'error',
    { reason: 'spool_full', folder, segments },
    `${DROP_REASONS.spool_full.event}. ${remedyOfFull(shortage)}`,
  );
}

/** What a person can do about an error of the spool's disk; undefined if the error itself says enough. */
export function diskRemedy(error: unknown, folder: string): string | undefined {
  switch (systemCodeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `run chown ${process.getuid?.() ?? 'USER'} ${folder}, so that xrayd owns the folder, or choose another one with --spool`;
    case 'EROFS':
      return `remount the file system of ${folder} read-write, or choose another folder with --spool`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file exists where the folder ${folder} should be: remove it, or choose another folder with --spool`;
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the limit of open files (ulimit -n, LimitNOFILE in systemd)';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free space on the disk, or lower --spool-size';
    default:
      return undefined;
  }
}
