import { get } from 'node:http';
import type { Address } from './pipeline/address.ts';
import { messageOf } from './pipeline/errors.ts';

/** Asks a daemon's /readyz; undefined when it is ready, else why not. */
export async function healthProblem({ host, port }: Address, timeoutMs = 3_000): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const target = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  const request = get({ host: target, port, path: '/readyz', agent: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
    response.resume();
    resolve(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`);
  });
  request.on('error', (error) => resolve(error.name === 'AbortError' ? `no answer within ${timeoutMs} ms` : messageOf(error)));
  return promise;
}
