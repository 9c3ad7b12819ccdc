import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { isLoopbackOrigin } from '../http/request-guard.ts';

type Mode = 'local' | 'daemon';

/** Web pages of a loopback address may send to a local X-Ray; their origin is echoed. */
export function corsHeaders({ headers: { origin } }: IncomingMessage, mode: Mode): OutgoingHttpHeaders {
  if (mode !== 'local' || origin === undefined || !isLoopbackOrigin(origin)) return {};
  return { 'access-control-allow-origin': origin, vary: 'Origin' };
}

/** Whether a browser asks, before it sends, if such a page may. */
export function isPreflight({ method, headers: { origin } }: IncomingMessage, mode: Mode): boolean {
  return method === 'OPTIONS' && mode === 'local' && isLoopbackOrigin(origin);
}

/** Source: Fetch Standard, CORS-preflight fetch. */
export function preflightHeaders({ headers }: IncomingMessage): OutgoingHttpHeaders {
  const asked = headers['access-control-request-headers'];
  return {
    'access-control-allow-methods': 'POST',
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    'access-control-max-age': '600',
  };
}
