import { readFileSync } from 'node:fs';

/**
 * Packets that Linux has dropped on the loopback device since boot, before they reached a socket. Each core's queue
 * holds 1,000 packets (net.core.netdev_max_backlog), and thousands of simultaneous connections fill it. No socket
 * counts these drops. TCP packets are included, so the figure is an upper bound for UDP.
 */
export function loopbackDrops(): number {
  try {
    // https://www.kernel.org/doc/html/latest/filesystems/proc.html: received bytes, packets, errs, drop.
    return Number(/^\s*lo:\s*\d+\s+\d+\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/net/dev', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
