import { isIP } from 'node:net';

export interface Address {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around IPv6. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The address at which programs on this machine reach a server bound to `address`: browsers refuse to connect to
 * 0.0.0.0 and [::].
 */
export function reachable({ host, port }: Address): Address {
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? 'localhost' : host, port };
}

/** The address that a server is bound to; undefined if the server is not bound, or is bound to a path. */
export function boundAddress(
  bound: { address: string; port: number } | string | null | undefined,
): Address | undefined {
  return typeof bound === 'object' && bound !== null ? { host: bound.address, port: bound.port } : undefined;
}

/** The host of a URL as an Address has it: a URL's `hostname` has brackets around IPv6. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * Whether `host`, without brackets, is the loopback host of this machine. A name such as `127.example` is not an
 * address.
 */
export function isLoopbackHost(host: string): boolean {
  return (isIP(host) === 4 && host.startsWith('127.')) || /^(::1$|localhost\.?$)/i.test(host);
}
