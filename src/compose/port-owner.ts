import { readdirSync } from 'node:fs';
import { formatAddress, type Address } from '../pipeline/address.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { inodesOn } from '../udp/kernel-drops.ts';
import { readProc, socketInode } from '../udp/proc.ts';

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
    const who = owner === undefined ? 'is taken' : `is taken by pid ${owner.pid} (${owner.name})`;
    return new XraydError('XRAYD_BIND', `${what}: the port ${who}. Stop it, or choose another with ${flag}.`, options);
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

/** The process that uses a port, if /proc shows it (Linux, same user or root). */
export function portOwner(protocol: 'udp' | 'tcp', port: number): { pid: number; name: string } | undefined {
  try {
    const inodes = new Set(
      [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((table) => inodesOn(readProc(table), port)),
    );
    for (const pid of readdirSync('/proc')) {
      if (/^\d+$/.test(pid) && hasSocket(pid, inodes))
        return { pid: Number(pid), name: readProc(`/proc/${pid}/comm`).trim() };
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
