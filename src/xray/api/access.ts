import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { browserProblem, hostProblem } from '../../pipeline/browser-guard.ts';
import { ApiError } from './api-error.ts';

/**
 * Who may call what: `sdk` is what SDKs send, without tokens and to names of all kinds; `query` reads and changes traces and settings, with any
 * AWS client; `page` is for browsers.
 */
export type Access = 'sdk' | 'query' | 'page';

export interface AccessConfig {
  readonly isLoopback: boolean;
  /** "" lets everybody read: on a loopback address, or by --insecure-bind. */
  readonly token: string;
}

export interface AccessRequest {
  readonly headers: IncomingHttpHeaders;
  /** `token` of the query string. */
  readonly token: string | undefined;
}

/** Why a request is refused; undefined when it is answered. */
export function accessProblem(access: Access, { headers, token }: AccessRequest, config: AccessConfig): ApiError | undefined {
  const { origin, host } = headers;
  // A page's own requests name the origin that it came from; something in front of xrayd may have added TLS.
  const isOwnPage = origin !== undefined && host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
  if (access === 'sdk' || !isOwnPage) {
    const problem = browserProblem(headers, config.isLoopback);
    if (problem !== undefined) return denied(problem);
  } else {
    const problem = config.isLoopback || access === 'page' ? hostProblem(host) : undefined;
    if (problem !== undefined) return denied(problem);
  }
  if (access === 'sdk' || config.token === '') return undefined;
  if (access === 'page') {
    const problem = hostProblem(host);
    if (problem !== undefined) return denied(problem);
  }
  const given = token ?? tokenOf(headers);
  if (given !== undefined && isEqual(given, config.token)) return undefined;
  return denied(
    'This X-Ray wants its token: as the access key id of an AWS client, as a bearer token, or as ?token=. It was printed at start; --token sets it',
  );
}

function denied(message: string): ApiError {
  return new ApiError('AccessDeniedException', message, 403);
}

/** An AWS client sends its access key id with every signature. */
function tokenOf({ authorization, cookie }: IncomingHttpHeaders): string | undefined {
  const kept = /(?:^|; )xrayd-token=([^;]+)/.exec(cookie ?? '')?.[1];
  const signed = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(authorization ?? '')?.[1];
  return signed ?? /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? (kept === undefined ? undefined : decoded(kept));
}

/** As the page's cookie is written; what is not written so is no token. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function isEqual(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
