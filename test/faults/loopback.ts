import { readFileSync } from 'node:fs';

/**
 * Packets that Linux threw away between sender and socket since it started, on the loopback device: its queue for a core holds 1,000 (net.core.netdev_max_backlog),
 * and thousands of connections at one time fill it. No socket sees or counts them. TCP's are among them, so this is the most that a UDP socket missed.
 */
export function loopbackDrops(): number {
  try {
    // https://www.kernel.org/doc/html/latest/filesystems/proc.html: received bytes, packets, errs, drop.
    return Number(/^\s*lo:\s*\d+\s+\d+\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/net/dev', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
