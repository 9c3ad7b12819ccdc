import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';

/**
 * Why a reader is refused; undefined if it may read. `given`: the parameter `token` of the query string; `token`: the
 * required token, "" if none.
 */
export function tokenProblem(
  headers: IncomingHttpHeaders,
  given: string | undefined,
  token: string,
): ApiError | undefined {
  if (token === '') return undefined;
  const found = given ?? tokenOf(headers);
  if (found !== undefined && isEqual(found, token)) return undefined;
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
  const signed = /^AWS4-HMAC-SHA256 Credential=(.+?)\/\d{8}\//.exec(authorization ?? '')?.[1];
  return (
    signed ?? /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? (kept === undefined ? undefined : decoded(kept))
  );
}

/** The value of the page's cookie; undefined if it is malformed. */
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
