import { systemCodeOf } from '../../pipeline/errors.ts';

/** Why the disk is not used, and until when on the monotonic clock. */
export interface Trouble {
  readonly reason: string;
  readonly untilMs: number;
}

/** What a person can do about an error of the spool's disk; undefined if the error itself says enough. */
export function remedyOf(error: unknown, folder: string): string | undefined {
  switch (systemCodeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `make the user of xrayd the owner of ${folder} (chown ${process.getuid?.() ?? 'USER'} ${folder}), or choose another folder with --spool`;
    case 'EROFS':
      return `mount the file system of ${folder} writable, or choose another folder with --spool`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `a file is in the place of the folder ${folder}: remove it, or choose another folder with --spool`;
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
