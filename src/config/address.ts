import type { Address } from '../pipeline/address.ts';

/**
 * `host:port`, `[v6]:port` or `:port` (all interfaces, as Go writes it); undefined when it is none of them.
 * Port 0 asks the system for a free one.
 */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([^:[\]\s/]*)):(\d{1,5})$/i.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  return { host: match[1] ?? (match[2] || '::'), port };
}

/**
 * The UDP address in AWS_XRAY_DAEMON_ADDRESS, as the SDKs read it: `host:port`, or `tcp:host:port udp:host:port` in either order.
 * Source: aws-xray-sdk-node daemon_config.js.
 */
export function udpAddressOfSdk(text: string): Address | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length === 1) return parseAddress(parts[0] ?? '');
  const udp = parts.find((part) => part.startsWith('udp:'));
  return udp === undefined ? undefined : parseAddress(udp.slice('udp:'.length));
}
