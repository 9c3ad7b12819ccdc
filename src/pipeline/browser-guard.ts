import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/** Names that are no one's on the internet. Sources: RFC 6761, RFC 6762, RFC 8375; ICANN reserved `internal` in 2024 (host.docker.internal). */
const PRIVATE_NAME = /^[^.]*$|\.(localhost|internal|local|test|home\.arpa)$/;

/**
 * Why a request looks like a web page's, which must not use this daemon's credentials; undefined when it does not.
 * A page of another site carries `Origin`, which no SDK sends. A page whose name was pointed at this machine (DNS rebinding, as in
 * 99designs/aws-vault#578) has a public name in `Host`: on a loopback address (`isLoopback`) only addresses, names without a dot and names
 * that no public DNS has are a client's; elsewhere Services have names of many forms.
 */
export function browserProblem({ origin, host }: IncomingHttpHeaders, isLoopback: boolean): string | undefined {
  if (origin !== undefined) return 'xrayd does not answer web pages: the request has an Origin header';
  return isLoopback ? hostProblem(host) : undefined;
}

/** Why a request's `Host` may be a name that somebody pointed at this machine; undefined for addresses, private names and none. */
export function hostProblem(host: string | undefined): string | undefined {
  const name = (host ?? 'localhost').replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  const isLocal = isIP(name) !== 0 || PRIVATE_NAME.test(name);
  return isLocal
    ? undefined
    : `xrayd does not answer to the name ${JSON.stringify(name.slice(0, 100))} on a loopback address; use 127.0.0.1 or localhost`;
}

/** Whether `host` is this machine's own: not to be reached from another. */
export function isLoopbackHost(host: string): boolean {
  return /^(127\.|::1$|localhost$)/.test(host);
}
