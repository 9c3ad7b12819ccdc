import { get } from 'node:http';
import { isTakenFromDefault } from '../config/http-address.ts';
import type { LoadedConfig } from '../config/load.ts';
import { textOf } from '../config/option.ts';
import { member } from '../json/json.ts';
import { reachable, type Address } from '../pipeline/address.ts';
import { messageOf } from '../pipeline/errors.ts';
import type { CommandContext } from './command.ts';

/** Far more than /readyz returns. */
const MAX_BYTES = 64 * 1024;

/** `xrayd healthcheck`: asks the address at which a daemon with the same flags and variables listens. */
export async function run(
  { config, origins }: LoadedConfig<'healthcheck'>,
  { output }: CommandContext,
): Promise<number> {
  const gaveWay = isTakenFromDefault(config, origins);
  const httpAddress = gaveWay ? 'off' : config.httpAddress;
  const reason = gaveWay ? '--bind-tcp has its default port; choose another with --http-address' : origins.httpAddress;
  const problem = httpAddress === 'off' ? `HTTP is off (${reason})` : await healthProblem(httpAddress);
  if (problem !== undefined) {
    output.say(`xrayd: not ready at ${textOf(httpAddress)}: ${problem}\n`);
    return 1;
  }
  await output.out('ready\n');
  return 0;
}

/** Asks a daemon's /readyz; undefined if it is ready, otherwise why not. Another program's 200 does not count. */
export async function healthProblem(address: Address, timeoutMs = 3_000): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const request = get(
    { ...reachable(address), path: '/readyz', agent: false, signal: AbortSignal.timeout(timeoutMs) },
    (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= MAX_BYTES) chunks.push(chunk);
      });
      response.on('error', (error) => resolve(messageOf(error)));
      response.on('end', () => {
        if (response.statusCode !== 200) resolve(`HTTP ${response.statusCode}`);
        else resolve(isXrayds(Buffer.concat(chunks).toString()) ? undefined : 'the server that answered is not xrayd');
      });
    },
  );
  request.on('error', (error) =>
    resolve(error.name === 'AbortError' ? `no answer within ${timeoutMs} ms` : messageOf(error)),
  );
  return promise;
}

function isXrayds(body: string): boolean {
  try {
    const json: unknown = JSON.parse(body);
    return member(json, 'status') === 'ok' && Array.isArray(member(json, 'parts'));
  } catch {
    return false;
  }
}
