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
  if (!isLoopback || host === undefined) return undefined;
  const name = host.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  const isLocal = isIP(name) !== 0 || PRIVATE_NAME.test(name);
  return isLocal
    ? undefined
    : `xrayd does not answer to the name ${JSON.stringify(name.slice(0, 100))} on a loopback address; use 127.0.0.1 or localhost`;
}
