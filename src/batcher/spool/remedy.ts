import { systemCodeOf } from '../../pipeline/errors.ts';

/** Why the disk is left alone, and until when on the monotonic clock. */
export interface Trouble {
  readonly reason: string;
  readonly untilMs: number;
}

/** What a person can do about an error of the spool's disk; undefined where the error says it all. */
export function remedyOf(error: unknown, folder: string): string | undefined {
  switch (systemCodeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `give ${folder} to the user of xrayd (chown ${process.getuid?.() ?? 'USER'} ${folder}), or name another folder with --spool`;
    case 'EROFS':
      return `mount the file system of ${folder} writable, or name another folder with --spool`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file is in the place of ${folder}: remove it, or name another folder with --spool`;
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
