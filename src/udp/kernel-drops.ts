import { readFileSync } from 'node:fs';
import type { Address } from '../pipeline/address.ts';

/**
 * Datagrams that the kernel dropped on the socket bound to `address`, from /proc/net/udp and udp6 (last column);
 * undefined where there is no such table. The sockets of this network namespace are in it, one per address and port.
 */
export function readKernelDrops({ host, port }: Address): number | undefined {
  const table = readTable(host.includes(':') ? '/proc/net/udp6' : '/proc/net/udp');
  return table === undefined ? undefined : dropsIn(table, hexAddress(host), port);
}

/** `table` is the text of /proc/net/udp. The format is documented in proc_net(5). */
export function dropsIn(table: string, hexHost: string | undefined, port: number): number | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops: number | undefined;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const address = columns[1];
    if (address === undefined || !address.endsWith(local)) continue;
    if (hexHost !== undefined && address !== hexHost + local) continue;
    drops = (drops ?? 0) + Number(columns.at(-1));
  }
  return drops;
}

/** IPv4 in the byte order of the table; IPv6 is matched by its port alone. */
function hexAddress(host: string): string | undefined {
  if (host.includes(':')) return undefined;
  const bytes = host.split('.').map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'));
  return bytes.toReversed().join('');
}

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
