import type { Server } from 'node:net';
import { boundAddress, type Address } from '../pipeline/address.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';

/** Time for requests under way when a server stops: draining segments needs the rest of the deadline. */
const STOP_MS = 1_000;

/** Binds a server to an address, and resolves with the bound one. Rejects with XRAYD_BIND. */
export async function listenOn(
  server: Server,
  { host, port }: Address,
  onError: (message: string) => void,
): Promise<Address> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onBindError = (error: Error): void => reject(new XraydError('XRAYD_BIND', error.message, { cause: error }));
  server.once('error', onBindError);
  // Without a host, Node listens on every interface, also on a kernel without IPv6.
  server.listen({ ...(host === '::' ? {} : { host }), port, exclusive: true }, resolve);
  await promise;
  server.off('error', onBindError);
  server.on('error', (error) => onError(messageOf(error)));
  return boundAddress(server.address()) ?? { host, port };
}

/**
 * Closes a server: no new connections; `finish` tells the idle ones to go; `cut` ends the rest after a second, or at the
 * deadline.
 */
export async function closeServer(
  server: Server,
  { finish, cut, deadline }: { readonly finish: () => void; readonly cut: () => void; readonly deadline: AbortSignal },
): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  finish();
  const soon = AbortSignal.any([deadline, AbortSignal.timeout(STOP_MS)]);
  soon.addEventListener('abort', cut, { once: true });
  if (soon.aborted) cut();
  await promise;
  soon.removeEventListener('abort', cut);
}
