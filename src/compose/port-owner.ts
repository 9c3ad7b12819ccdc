import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { formatAddress, reachable, type Address } from '../pipeline/address.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';
import { inodesOn } from '../udp/kernel-drops.ts';
import { readProc, socketInode } from '../udp/proc.ts';

/** Maximum length of another program's command line. */
const MAX_COMMAND = 120;

/** An address that a server binds, and the flag that changes it: `bindError` names both if the bind fails. */
export interface Binding {
  readonly protocol: 'UDP' | 'TCP' | 'HTTP';
  readonly address: Address;
  readonly flag: string;
}

export function bindError({ protocol, address, flag }: Binding, error: unknown): XraydError {
  const cause = error instanceof XraydError ? error.cause : error;
  const code = systemCodeOf(cause);
  const options = { cause: error };
  const what = `cannot listen on ${protocol} ${formatAddress(address)}`;
  if (code === 'EADDRINUSE') {
    const owner = portOwner(protocol === 'UDP' ? 'udp' : 'tcp', address.port);
    if (owner?.pid === process.pid)
      return new XraydError(
        'XRAYD_BIND',
        `${what}: another server of xrayd has it. Choose another with ${flag}.`,
        options,
      );
    const who = takenBy(owner, protocol, address);
    return new XraydError('XRAYD_BIND', `${what}: ${who}. Stop it, or choose another with ${flag}.`, options);
  }
  if (code === 'EADDRNOTAVAIL')
    return new XraydError(
      'XRAYD_BIND',
      `${what}: no interface has this address. Choose another with ${flag}.`,
      options,
    );
  if (code === 'EACCES')
    return new XraydError('XRAYD_BIND', `${what}: not permitted. Choose a port above 1023 with ${flag}.`, options);
  if (code === 'EMFILE' || code === 'ENFILE')
    return new XraydError(
      'XRAYD_BIND',
      `${what}: too many open files. Raise the limit (ulimit -n, LimitNOFILE in systemd).`,
      options,
    );
  return new XraydError('XRAYD_BIND', `${what}: ${messageOf(cause)}. Choose another address with ${flag}.`, options);
}

function takenBy(owner: PortOwner | undefined, protocol: Binding['protocol'], address: Address): string {
  if (owner === undefined) return 'the port is taken';
  const command = xraydCommandOf(owner.args);
  if (command === undefined) return `the port is taken by pid ${owner.pid} (${shortCommandOf(owner)})`;
  const page = protocol === 'TCP' && command === 'local' ? `: http://${formatAddress(reachable(address))}/` : '';
  return `another xrayd (${command}, pid ${owner.pid}) runs here${page}`;
}

/** The command that an xrayd runs; undefined for any other program. */
export function xraydCommandOf(args: readonly string[]): string | undefined {
  const at = args.slice(0, 2).findIndex((arg) => /^xrayd(\.cjs|\.exe)?$/.test(basename(arg)));
  if (at === -1) return undefined;
  return ['local', 'run'].find((command) => args.slice(at + 1).includes(command)) ?? 'daemon';
}

/** The program and its operands up to the first flag: a flag may have a password as its value. */
function shortCommandOf({ name, args }: PortOwner): string {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  const words = end === -1 ? args : [...args.slice(0, end), '…'];
  return args.length === 0 ? name : oneLine(words.join(' '), MAX_COMMAND);
}

export interface PortOwner {
  readonly pid: number;
  /** Of its main thread. */
  readonly name: string;
  /** Its command line; empty if it cannot be read. */
  readonly args: readonly string[];
}

/** The process that uses a port, if /proc shows it (Linux, same user or root). */
export function portOwner(protocol: 'udp' | 'tcp', port: number): PortOwner | undefined {
  try {
    const inodes = new Set(
      [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((table) => inodesOn(readProc(table), port)),
    );
    for (const pid of readdirSync('/proc')) {
      if (/^\d+$/.test(pid) && hasSocket(pid, inodes))
        return {
          pid: Number(pid),
          name: readProc(`/proc/${pid}/comm`).trim(),
          args: Buffer.from(readProc(`/proc/${pid}/cmdline`), 'latin1')
            .toString('utf8')
            .split('\0')
            .slice(0, -1),
        };
    }
  } catch {
    // Not Linux, or not permitted: the message omits the owner.
  }
  return undefined;
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(socketInode(`/proc/${pid}/fd/${fd}`) ?? ''));
  } catch {
    return false;
  }
}
