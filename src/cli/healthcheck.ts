import { isTakenFromDefault } from '../config/http-address.ts';
import type { LoadedConfig } from '../config/load.ts';
import { textOf } from '../config/option.ts';
import type { CommandContext } from './command.ts';
import { healthProblem } from './ready-probe.ts';

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
