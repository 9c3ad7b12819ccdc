import { directCall } from '../aws/direct-call.ts';
import { isTakenFromDefault } from '../config/http-address.ts';
import type { LoadedConfig } from '../config/load.ts';
import { textOf } from '../config/option.ts';
import { member } from '../json/json.ts';
import { formatAddress, reachable, type Address } from '../pipeline/address.ts';
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
  try {
    const url = `http://${formatAddress(reachable(address))}/readyz`;
    const { status, text } = await directCall(url, { timeoutMs, maxAnswerBytes: MAX_BYTES });
    if (status !== 200) return `HTTP ${status}`;
    return isXrayds(text) ? undefined : 'the server that answered is not xrayd';
  } catch (error) {
    return messageOf(error);
  }
}

function isXrayds(body: string): boolean {
  try {
    const json: unknown = JSON.parse(body);
    return member(json, 'status') === 'ok' && Array.isArray(member(json, 'parts'));
  } catch {
    return false;
  }
}
