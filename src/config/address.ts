import { isIP } from 'node:net';
import type { Address } from '../pipeline/address.ts';

/** A host name as DNS and /etc/hosts have it; underscores are Docker Compose's. */
const HOST_NAME = /^(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i;

/**
 * `host:port`, `[v6]:port` or `:port` (host ""); undefined when it is none of them. compat: `02000` is a port, as in
 * Go.
 */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s/]*)):0*(\d{1,5})$/i.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  const [, literal, name = ''] = match;
  if (literal !== undefined) return isIP(literal) === 6 ? { host: literal, port } : undefined;
  return name === '' || isHostName(name) ? { host: name, port } : undefined;
}

/** Whether a URL's host can be one: a parser of URLs takes `${HOST}` too. */
export function isHost(host: string): boolean {
  return host.startsWith('[') || isHostName(host);
}

/**
 * What ends in a number is an IPv4 address or a mistake: resolvers read `127.1`, `0` and `0x7f000001` as addresses too,
 * each in its own way.
 */
function isHostName(name: string): boolean {
  return /^[\d.]+$|(^|\.)0x[\da-f]*$/i.test(name) ? isIP(name) === 4 : HOST_NAME.test(name);
}

/**
 * The UDP address in AWS_XRAY_DAEMON_ADDRESS, as the SDKs read it: `host:port`, or `tcp:host:port udp:host:port` in
 * either order.
 * Source: aws-xray-sdk-node daemon_config.js.
 */
export function udpAddressOfSdk(text: string): Address | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length === 1) return parseAddress(parts[0] ?? '');
  const udp = parts.find((part) => part.startsWith('udp:'));
  return udp === undefined ? undefined : parseAddress(udp.slice('udp:'.length));
}

/**
 * Whether a text is a host name, or a domain with all that is below it: `.example.com`, `*.example.com`. Not `*`, which
 * would be all names.
 */
export function isHostPattern(text: string): boolean {
  return /^(\*?\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i.test(text);
}
