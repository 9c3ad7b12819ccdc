import type { IncomingMessage } from 'node:http';
import { bareHost, isLoopbackHost } from '../pipeline/address.ts';
import { CALL_PATH_HEADER, type CallPath } from '../pipeline/call-path.ts';
import type { Logger } from '../pipeline/logger.ts';
import { HostNames, hostOf } from './host.ts';

/**
 * Who may call a route. `clients`: programs only; `local-pages`: also web pages of a loopback address, such as an
 * application under development; `own-page`: programs and the page that this server serves; `link`: also a document
 * that a person opens from anywhere.
 */
export type Callers = 'clients' | 'local-pages' | 'own-page' | 'link';

export interface GuardProblem {
  /**
   * 400: not HTTP; 403: refused; 501: a transfer coding that this server does not support; 508: a call of this process
   * itself.
   */
  readonly status: 400 | 403 | 501 | 508;
  readonly message: string;
}

export interface RequestGuardConfig {
  /** The hosts of --allowed-hosts. */
  readonly allowed: readonly string[];
  /**
   * Domains in which only routes of kind `clients` answer. A Kubernetes namespace may be called `dev`, which is also a
   * domain in which anybody can register names.
   */
  readonly forClients: readonly string[];
  /** Shared with the calls to X-Ray. */
  readonly callPath: CallPath;
}

type GuardedRequest = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'url' | 'httpVersion'>;

/**
 * Keeps foreign web pages away from every server of this process: from the daemon's credentials, from traces, from
 * health and metrics. Also refuses the calls of this process itself. Depends only on the head of the request and the
 * allowed names, not on the mode, the address or a token. docs/decisions/0010-host-and-origin.md
 */
export class RequestGuard {
  readonly #names: HostNames;
  readonly #clientNames: HostNames;
  readonly #callPath: CallPath;
  readonly #log: Logger;

  constructor({ allowed, forClients, callPath }: RequestGuardConfig, log: Logger) {
    this.#names = new HostNames(allowed);
    this.#clientNames = new HostNames(forClients);
    this.#callPath = callPath;
    this.#log = log;
  }

  /** Why a request is refused; undefined if it is allowed. Looks only at the head of the request. */
  problem(request: GuardedRequest, callers: Callers): GuardProblem | undefined {
    return (
      codingProblem(request) ??
      this.#hostProblem(request, callers) ??
      originProblem(request, callers) ??
      this.#loopProblem(request)
    );
  }

  #hostProblem({ rawHeaders, url = '', httpVersion }: GuardedRequest, callers: Callers): GuardProblem | undefined {
    const given = rawHeaders.filter((_value, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host');
    if (given.length > 1) return malformed('The request has more than one Host header');
    if (given.length === 0 && httpVersion !== '1.0') return malformed('The request has no Host header');
    // RFC 9112 §3.2.2: the host in the target overrides Host. Both must be allowed.
    const target = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1];
    for (const authority of target === undefined ? given : [...given, target]) {
      const host = hostOf(authority.trim());
      if (host === undefined) return malformed('The Host of the request is malformed');
      const isAllowed = this.#names.has(host) || (callers === 'clients' && this.#clientNames.has(host));
      if (!isAllowed) return this.#refusedName(host);
    }
    return undefined;
  }

  #loopProblem({ headers }: GuardedRequest): GuardProblem | undefined {
    if (!this.#callPath.comesFromHere(headers[CALL_PATH_HEADER])) return undefined;
    const remedy =
      'check --endpoint, AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_XRAY of this xrayd and of the one that it sends to';
    this.#log.limited(
      'loop',
      'error',
      { remedy },
      'xrayd sends to itself: its calls came back, and are refused. The segments are kept',
    );
    return { status: 508, message: `A call of xrayd came back to the same xrayd: ${remedy}` };
  }

  #refusedName(host: string): GuardProblem {
    const name = host.slice(0, 100);
    const remedy = `--allowed-hosts ${name}`;
    this.#log.limited(
      'host',
      'warn',
      { host: name, remedy },
      'refused a request to a host name that is not allowed: it may come from a foreign web page',
    );
    const message = `xrayd does not answer to the name ${JSON.stringify(name)}. Use an address, localhost or a name without a dot, or start xrayd with ${remedy}`;
    return { status: 403, message };
  }
}

function malformed(message: string): GuardProblem {
  return { status: 400, message };
}

/** compat: RFC 9112, 6.1, and Go's net/http in the reference daemon: no transfer coding except chunked is supported. */
function codingProblem({ headers }: GuardedRequest): GuardProblem | undefined {
  const coding = headers['transfer-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'chunked') return undefined;
  return { status: 501, message: 'xrayd supports no Transfer-Encoding except chunked' };
}

/**
 * Browsers tell which page a request comes from: in `Origin` with each POST and each cross-origin read, in
 * `Sec-Fetch-Site` (which no page can set) with every request to HTTPS and to loopback. Programs send neither. Sources:
 * Fetch Standard, Fetch Metadata Request Headers.
 */
function originProblem({ headers }: GuardedRequest, callers: Callers): GuardProblem | undefined {
  const { origin, host } = headers;
  if (callers === 'local-pages' && isLoopbackOrigin(origin)) return undefined;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined) {
    // A proxy in front of xrayd may terminate TLS.
    const isOwn = host !== undefined && host !== '' && (origin === `http://${host}` || origin === `https://${host}`);
    if (!isOwn || callers === 'clients')
      return { status: 403, message: 'xrayd does not answer web pages: the request has an Origin header' };
  }
  if (site === undefined || site === 'none' || site === 'same-origin') return undefined;
  const isOpened = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (callers === 'link' && isOpened) return undefined;
  return { status: 403, message: 'xrayd does not answer foreign web pages: the request has a Sec-Fetch-Site header' };
}

/** Whether a page is served from this machine, on any port. A name that resolves to it could be anybody's. */
export function isLoopbackOrigin(origin: string | undefined): boolean {
  if (origin === undefined || !URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return (protocol === 'http:' || protocol === 'https:') && isLoopbackHost(bareHost(hostname));
}
