import { XRayClient } from '@aws-sdk/client-xray';
import type { Environment } from '../aws/environment.ts';
import type { LoadedConfig } from '../config/load.ts';
import { findDestination, uplinkTo } from '../daemon.ts';
import { XraydError } from '../pipeline/errors.ts';
import { lineLogger } from '../telemetry/line-logger.ts';
import { pullTraces, type CommandOutput } from './transfer.ts';

/** `xrayd pull`: region and credentials as the daemon would find them, or those of --profile. Resolves with the exit code. */
export async function pull(loaded: LoadedConfig<'pull'>, env: Environment, output: CommandOutput): Promise<number> {
  const { config } = loaded;
  const own = config.profile === '' ? env : { ...env, AWS_PROFILE: config.profile };
  const log = lineLogger((level, message) => (level === 'warn' ? output.say(`xrayd: ${message}\n`) : undefined));
  const destination = await findDestination(loaded, own, log);
  const { credentials, outbound } = uplinkTo(destination, { config, log }, own);
  try {
    const { regionalClientConfig } = await import('../aws/client-config.ts');
    const found = await credentials.get();
    if (found === undefined) throw new XraydError('XRAYD_TRANSFER', credentials.problem);
    const { region, url } = destination;
    const client = new XRayClient({ ...regionalClientConfig(region, outbound), endpoint: url.href, credentials: found });
    return await pullTraces(loaded, client, output);
  } finally {
    await credentials.stop();
    outbound.close();
  }
}
