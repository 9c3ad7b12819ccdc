import { XRayClient } from '@aws-sdk/client-xray';
import type { Environment } from '../aws/environment.ts';
import type { LoadedConfig } from '../config/load.ts';
import { findDestination, connectionTo } from '../compose/daemon.ts';
import { XraydError } from '../pipeline/errors.ts';
import { lineLogger } from '../telemetry/line-logger.ts';
import { ANSWER_BOUNDS } from './trace-source.ts';
import { pullTraces, type CommandOutput } from './transfer.ts';

/** Longer than any provider may take: there is nothing else to do meanwhile. */
const SEARCH_MS = 120_000;
/** X-Ray reads for a while before it answers. */
const READ_TIMEOUT_MS = 60_000;

/** `xrayd pull`: region and credentials as the daemon would find them, or those of --profile. Resolves with the exit code. */
export async function pull(loaded: LoadedConfig<'pull'>, env: Environment, output: CommandOutput): Promise<number> {
  const { config } = loaded;
  const own = config.profile === '' ? env : withProfile(config.profile, env);
  const log = lineLogger((level, message) => (level === 'warn' ? output.say(`xrayd: ${message}\n`) : undefined));
  const destination = await findDestination(loaded, own, log);
  const { credentials, outbound } = connectionTo(destination, { config, log }, own);
  try {
    const { regionalClientConfig } = await import('../aws/client-config.ts');
    const found = await credentials.get(SEARCH_MS);
    if (found === undefined) throw new XraydError('XRAYD_TRANSFER', credentials.problem);
    const { region, url } = destination;
    const client = new XRayClient({
      ...regionalClientConfig(region, outbound, { requestTimeout: READ_TIMEOUT_MS, answers: ANSWER_BOUNDS }),
      endpoint: url.href,
      credentials: found,
    });
    return await pullTraces(loaded, client, output);
  } finally {
    await credentials.stop();
    outbound.close();
  }
}

/** Identities that the environment names come before AWS_PROFILE, but not before a profile that is asked for. Source: AWS CLI, --profile. */
const IDENTITIES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_ACCESS_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
];

function withProfile(profile: string, env: Environment): Environment {
  const others = Object.entries(env).filter(([name]) => !IDENTITIES.includes(name));
  return { ...Object.fromEntries(others), AWS_PROFILE: profile };
}
